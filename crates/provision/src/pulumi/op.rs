//! The engine's words for steps (`sdk/go/common/apitype/updates.go`, `OpType`).

use crate::Action;

/// What a step's word means. A word that this version does not know is taken for a change, which is the careful reading.
pub(crate) fn action(op: &str) -> Action {
    match op {
        "same" => Action::Same,
        "create" => Action::Create,
        "delete" | "discard" => Action::Delete,
        "replace"
        | "create-replacement"
        | "delete-replaced"
        | "discard-replaced"
        | "remove-pending-replace"
        | "import-replacement" => Action::Replace,
        "read" | "read-replacement" => Action::Read,
        "refresh" => Action::Refresh,
        "import" => Action::Import,
        _ => Action::Update,
    }
}

/// Whether the summary counts a completed step: a replacement's parts stand behind its `replace`, and providers are not
/// counted.
pub(super) fn counted(op: &str, kind: &str) -> bool {
    !kind.starts_with("pulumi:providers:")
        && !matches!(
            op,
            "create-replacement" | "delete-replaced" | "discard-replaced" | "remove-pending-replace"
        )
}
