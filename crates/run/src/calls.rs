//! Shims ask here: how the tool they stand for is to be started, and what they tell of it.
//!
//! A shim keeps its connection while its tool runs. One that breaks off has been killed, and its tool is killed too, as it
//! would have been without us.

mod client;
mod protocol;
mod supervise;

pub use client::shim;

use crate::Armory;
use crate::accept;
use crate::clerk::{CallId, Ended, Happening, Line};
use crate::feeds::lines::Lines;
use nix::sys::eventfd::EventFd;
pub(crate) use protocol::Answer;
use protocol::{Exited, Frame, Spawned};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io::{self, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// A shim, and with it whoever called it, waits so long for the record of its tool's end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// The socket's name, beside that of `SITELOG_SOCKET`.
pub(crate) const NAME: &str = "tools";

/// Answers shims until `stop` becomes readable.
pub(crate) fn serve(listener: &UnixListener, stop: &EventFd, armory: &Arc<Armory>) {
    accept::until(listener, stop, |stream| {
        let armory = Arc::clone(armory);
        std::thread::spawn(move || {
            // Whoever speaks another language, or has gone: nothing was begun for it.
            let _ = talk(&stream, &armory);
        });
    });
}

fn talk(stream: &UnixStream, armory: &Arc<Armory>) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    let mut input = BufReader::new(stream);
    let start = protocol::read_line(&mut input)?;
    let Some((call, answer)) = armory.call(&start) else {
        return protocol::write_line(stream, &Answer::default());
    };
    let told = protocol::write_line(stream, &answer).and_then(|()| follow(&mut input, call, armory));
    let (how, ended) = match told {
        Ok(exited) => {
            let how = Ended {
                exit_code: exited.code,
                signal: exited.signal,
                forwarded: exited.forwarded,
            };
            (how, true)
        }
        Err(_) => {
            let how = Ended {
                signal: Some("SIGKILL".to_owned()),
                ..Ended::default()
            };
            (how, false)
        }
    };
    let (durable, told) = sync_channel(1);
    armory.ended(call, how, Some(durable));
    if ended {
        let _ = told.recv_timeout(PATIENCE);
        (&*stream).write_all(b"done\n")?;
    }
    Ok(())
}

/// Takes what a shim tells until its tool has ended; the error is that it broke off.
fn follow(input: &mut BufReader<&UnixStream>, call: CallId, armory: &Armory) -> io::Result<Exited> {
    let (mut out, mut err) = (Lines::default(), Lines::default());
    let mut tool: Option<OwnedFd> = None;
    let line = |line: Line| armory.desk().tell_wait(Happening::Line { call, line });
    loop {
        match protocol::read_frame(input) {
            Ok(Frame::Spawned(Spawned { pid })) => {
                // Held from now on, when it lives or its shim has not waited for it yet: never another process of its number.
                tool = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
            }
            Ok(Frame::Out(bytes)) => out.push(&bytes, &mut |bytes| line(Line::Out(bytes.to_vec()))),
            Ok(Frame::Err(bytes)) => err.push(&bytes, &mut |bytes| line(Line::Err(bytes.to_vec()))),
            Ok(Frame::Exited(exited)) => {
                out.finish(&mut |bytes| line(Line::Out(bytes.to_vec())));
                err.finish(&mut |bytes| line(Line::Err(bytes.to_vec())));
                return Ok(exited);
            }
            Err(error) => {
                if let Some(tool) = &tool {
                    let _ = pidfd_send_signal(tool, Signal::KILL);
                }
                return Err(error);
            }
        }
    }
}
