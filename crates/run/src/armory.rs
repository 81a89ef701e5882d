//! Each start of a tool gets a way on which its events come, and its record one that they come from.

use crate::calls::Answer;
use crate::clerk::{CallId, Desk, Ended, Happening, Origin, Read};
use crate::feeds::file::Following;
use crate::feeds::forward::Target;
use crate::feeds::grpc::Server;
use crate::feeds::phases;
use crate::tools::{self, Arms, Asked, Says, Start, Stdout};
use crate::watch::Watch;
use sitelog_provision::Tool;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The socket for engines that no call was made for.
const SHARED: &str = "events";
/// After a tool's end the system may still carry what it wrote to its terminal's other side, which does not show.
const DRAIN: Duration = Duration::from_millis(30);
/// And there it is read for so long: others that go on writing hold up nobody.
const CATCH_UP: Duration = Duration::from_secs(1);

/// Arms tools.
pub(crate) struct Armory {
    folder: PathBuf,
    desk: Arc<Desk>,
    server: Server,
    watch: Arc<Watch>,
    /// Whether the job's terminal is one that the run captures.
    on_pty: bool,
    calls: Mutex<HashMap<CallId, Kept>>,
}

/// What a call has while its tool runs.
struct Kept {
    file: Option<Following>,
    phases: Option<Following>,
    socket: Option<PathBuf>,
    /// Its output is read from a terminal that goes on after it.
    on_terminal: bool,
}

impl Armory {
    /// Opens the socket for engines that no call is made for.
    ///
    /// # Errors
    /// What the system says of the socket or a thread.
    pub(crate) fn open(folder: PathBuf, desk: Arc<Desk>, on_pty: bool) -> io::Result<Self> {
        let server = Server::start(Arc::clone(&desk))?;
        server.listen(UnixListener::bind(folder.join(SHARED))?, Origin::default());
        let watch = Arc::new(Watch::new(Arc::clone(&desk)));
        Ok(Self {
            folder,
            desk,
            server,
            watch,
            on_pty,
            calls: Mutex::default(),
        })
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// What every process of the job gets in its environment.
    pub(crate) fn environment(&self) -> [(String, String); 2] {
        tools::environment(&self.folder.join(SHARED))
    }

    /// A tool is about to be started; `None` when it is asked for no operation.
    pub(crate) fn call(&self, start: &Start) -> Option<(CallId, Answer)> {
        let asked = tools::ask(start)?;
        let call = self.desk.next_call();
        let mut kept = Kept {
            file: None,
            phases: None,
            socket: None,
            on_terminal: false,
        };
        let arms = match asked.tool {
            Tool::Pulumi if tools::writes_phases(start, &asked) => self.event_file(call, start, &asked, &mut kept),
            Tool::Pulumi => self.event_socket(call, start, &asked, &mut kept),
            Tool::Terraform | Tool::Tofu => self.message_file(call, start, &asked, &mut kept),
        };
        let pulumi_text = asked.tool == Tool::Pulumi && asked.says == Says::Text;
        let mut read = match &kept.file {
            Some(_) => Read::Messages,
            None if pulumi_text => Read::Nothing,
            None => Read::Output,
        };
        if read == Read::Output {
            match start.stdout {
                Stdout::Captured => {
                    self.watch.begin(call);
                }
                Stdout::Terminal if self.on_pty && self.watch.begin(call) => kept.on_terminal = true,
                // A terminal of its own: nothing is put between it and the tool, which would notice.
                Stdout::Terminal => read = Read::Nothing,
                Stdout::Other => {}
            }
        }
        let wants_output = read == Read::Output && start.stdout == Stdout::Other;
        self.lock().insert(call, kept);
        let start = start.clone();
        self.desk.tell(Happening::Called {
            call,
            start,
            asked,
            read,
        });
        let answer = Answer {
            recorded: true,
            arms: arms.unwrap_or_default(),
            wants_output,
        };
        Some((call, answer))
    }

    /// A socket of the call's own. Without one its engine uses the shared one, and its streams stand alone.
    fn event_socket(&self, call: CallId, start: &Start, asked: &Asked, kept: &mut Kept) -> Option<Arms> {
        let path = self.folder.join(format!("e{call}"));
        let listener = UnixListener::bind(&path).ok()?;
        self.server.listen(
            listener,
            Origin {
                call: Some(call),
                forward: self.wanted_by(asked).map(Arc::new),
            },
        );
        let arms = tools::arm(start, asked, &path);
        kept.socket = Some(path);
        arms
    }

    /// A file of the call's own, for an engine that knows no sockets.
    fn event_file(&self, call: CallId, start: &Start, asked: &Asked, kept: &mut Kept) -> Option<Arms> {
        let path = self.folder.join(format!("m{call}"));
        let arms = tools::arm(start, asked, &path)?;
        let (desk, forward) = (Arc::clone(&self.desk), self.wanted_by(asked));
        kept.phases = Some(phases::follow(path, call, desk, forward));
        Some(arms)
    }

    /// Who else gets the events, unless it is us.
    fn wanted_by(&self, asked: &Asked) -> Option<Target> {
        let shared = &self.environment()[1].1;
        let wanted_by = asked.wanted_by.as_ref().filter(|target| *target != shared);
        wanted_by.map(|target| Target::parse(target, &asked.folder))
    }

    fn message_file(&self, call: CallId, start: &Start, asked: &Asked, kept: &mut Kept) -> Option<Arms> {
        let path = self.folder.join(format!("m{call}"));
        let arms = tools::arm(start, asked, &path)?;
        kept.file = Some(Following::begin(path, call, Arc::clone(&self.desk)));
        Some(arms)
    }

    /// A tool has ended.
    pub(crate) fn ended(&self, call: CallId, how: Ended, durable: Option<SyncSender<()>>) {
        let kept = self.lock().remove(&call);
        if let Some(kept) = kept {
            kept.file.into_iter().chain(kept.phases).for_each(Following::finish);
            if kept.on_terminal {
                std::thread::sleep(DRAIN);
                self.watch.catch_up(CATCH_UP);
            }
            self.watch.end(call);
            if let Some(socket) = kept.socket {
                let _ = fs::remove_file(socket);
            }
        }
        self.desk.tell(Happening::Ended { call, how, durable });
    }

    /// Takes the sockets away: nobody finds them any more.
    pub(crate) fn close(&self) {
        let _ = fs::remove_file(self.folder.join(SHARED));
        for kept in self.lock().drain().map(|(_, kept)| kept) {
            if let Some(socket) = kept.socket {
                let _ = fs::remove_file(socket);
            }
            kept.file.into_iter().chain(kept.phases).for_each(Following::finish);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, Kept>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
