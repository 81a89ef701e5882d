//! What a credential stands for.

use sitelog_model::TenantId;

/// What may be done with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends records of its tenant.
    TenantWriter,
    /// Reads the trail and jobs' logs.
    Auditor,
    /// Reads what the server says of itself.
    Operator,
    /// May do all of it.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::TenantWriter, Self::Auditor, Self::Operator, Self::Admin];

    /// The name in settings and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::TenantWriter => "tenant-writer",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether it includes another one.
    pub fn includes(self, other: Self) -> bool {
        self == Self::Admin || self == other
    }
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose records are sent or read.
    pub tenant: TenantId,
    /// What is allowed.
    pub role: Role,
}

impl Identity {
    /// One who sends a tenant's records.
    pub fn writer(tenant: TenantId) -> Self {
        let role = Role::TenantWriter;
        Self { tenant, role }
    }
}
