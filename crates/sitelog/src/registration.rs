//! Values that a job registers while it runs (`sitelog redact add`).

use sitelog_run::socket::{self, Answer, Request, Socket};
use sitelog_sanitize::Sanitizer;
use std::io;
use std::path::PathBuf;

/// So many values a job may register: each is looked for in every byte from then on.
const MOST: u64 = 4096;

/// Opens the run's socket: what is registered there, the sanitizer knows before it is acknowledged.
pub(crate) fn open(sanitizer: &Sanitizer) -> io::Result<Socket> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    // A run around this one shows what this one's job hands on.
    let around = folder(socket::VARIABLE).filter(|path| !path.as_os_str().is_empty());
    let sanitizer = sanitizer.clone();
    Socket::open(&socket::places(folder), move |request, body| {
        let answer = answer(&sanitizer, &request, &body);
        if let (Answer::Done, Some(around)) = (&answer, &around) {
            // If that one is gone, nobody is left to tell.
            let _ = socket::send(around, &request, &body);
        }
        answer
    })
}

fn answer(sanitizer: &Sanitizer, request: &Request, body: &[u8]) -> Answer {
    let refused = |why: &str| Answer::Refused { why: why.to_owned() };
    match request {
        Request::RedactAdd { .. } if sanitizer.counts().registered >= MOST => {
            refused(&format!("{MOST} values are registered already"))
        }
        Request::RedactAdd { name } if sanitizer.register(name, body) => Answer::Done,
        Request::RedactAdd { .. } => Answer::TooShort,
        _ => refused("not known to this version of sitelog"),
    }
}
