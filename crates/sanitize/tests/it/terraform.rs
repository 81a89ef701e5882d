//! The id before `.atlasv1.` of a Terraform token: hidden whole, but for its first letters on a live terminal (R13, R4).

use sitelog_sanitize::{Sanitizer, Settings};

const SECRET: &str = "G4e9oEkWjtFH9vHcuXYSgBDJUsspdU8WMWcQGyOt098lKpZF7kduE0xyQgMGUIW0UVJ";

fn redact(text: &str, live: bool, step: usize) -> String {
    let sanitizer = Sanitizer::new(Settings::default());
    let mut stream = if live {
        sanitizer.stream().live()
    } else {
        sanitizer.stream()
    };
    let mut out = Vec::new();
    for piece in text.as_bytes().chunks(step) {
        out.extend_from_slice(stream.push(piece).get());
    }
    out.extend_from_slice(stream.finish().get());
    String::from_utf8(out).unwrap()
}

/// Guarantees: the cut does not show, on a terminal or elsewhere, wherever a word of 14 letters starts.
#[test]
fn the_id_is_hidden_whole_but_on_a_live_terminal() {
    for (before, id, seen) in [
        ("tok [", "lskMJiIkC9dXjJ", "lsk"),
        ("a ", "abcdefghijklmn", "abcdefghijklmn"),
        ("x.", "atlasv1AbCdEfG", "atlasv"),
        ("\\n", "ABCDEF12345678", "ABCDEF"),
        ("abc\u{1b}[1m", "aB3dEfGhIjKlMn", "a"),
    ] {
        let text = format!("{before}{id}.atlasv1.{SECRET}] and on\n");
        for step in 1..=text.len() {
            assert_eq!(
                redact(&text, false, step),
                format!("{before}[REDACTED]] and on\n"),
                "{step}"
            );
            assert_eq!(
                redact(&text, true, step),
                format!("{before}{seen}[REDACTED]] and on\n"),
                "{step}"
            );
        }
    }
    for text in ["xlskMJiIkC9dXjJ.atlasv1.", "lskMJiIkC9dXj.atlasv1."].map(|start| format!("{start}{SECRET}")) {
        assert_eq!(redact(&text, false, 3), text);
    }
}

/// Guarantees: a word goes out at once where somebody types it.
#[test]
fn a_word_on_a_live_terminal_is_not_held() {
    let sanitizer = Sanitizer::new(Settings::default());
    let (mut live, mut piped) = (sanitizer.stream().live(), sanitizer.stream());
    assert_eq!(live.push(b"$ make").get(), b"$ make");
    assert_eq!(piped.push(b"$ make").get(), b"$ ");
    assert_eq!(
        piped.push(b" all the longerthanfourteen").get(),
        b"make all the longerthanfourteen"
    );
}
