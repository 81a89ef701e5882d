//! The thread that records: all that is known of open operations, and what becomes of what happens to them.

use super::call::{Call, Work};
use super::open::{Open, Reading};
use super::{At, CallId, Desk, Ended, FeedId, Happening, Read, Writer};
use crate::Tally;
use crate::feeds::Weight;
use crate::feeds::lines::Lines;
use crate::tools::{Asked, Names, Says, Start};
use sitelog_model::note::{Note, OperationStarted, Operations};
use sitelog_model::{TraceContext, Ulid};
use sitelog_provision::{Context, End, Tool, Verb};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

/// A request is written when it has so many records: some 600 kB.
const RECORDS: usize = 1000;

/// Where the operations of a run stand.
pub(crate) struct Setting {
    pub(crate) run: Ulid,
    /// The run's span.
    pub(crate) place: TraceContext,
    /// Whom the job's own Pulumi takes its user for.
    pub(crate) user: Option<String>,
}

/// What was recorded of tools.
#[derive(Clone, Debug, Default)]
pub struct Provisioned {
    /// Operations that were recorded.
    pub operations: u64,
    /// Records and spans that were and were not written.
    pub records: Tally,
    /// Events that could not be read (`sitelog.events.malformed` of their operations, in all).
    pub malformed: u64,
    /// Streams that broke off.
    pub broken: u64,
    /// Streams that were still open when the run ended.
    pub unread: u64,
    /// Streams that were answered before all of them was durable.
    pub answered_early: u64,
    /// Whether what intercepts tools was taken away while the job ran.
    pub intercept_lost: bool,
}

impl Provisioned {
    /// For the run's record.
    pub(crate) fn counts(&self) -> Operations {
        Operations {
            recorded: self.operations,
            records_dropped: self.records.dropped,
            events_malformed: self.malformed,
            streams_broken: self.broken,
            streams_unread: self.unread,
            streams_answered_early: self.answered_early,
            intercept_lost: self.intercept_lost,
        }
    }
}

pub(crate) struct Book {
    desk: Arc<Desk>,
    writer: Writer,
    setting: Setting,
    calls: HashMap<CallId, Call>,
    feeds: HashMap<FeedId, (Option<CallId>, Open)>,
    signals: Vec<String>,
    answers: Vec<oneshot::Sender<()>>,
    told: Provisioned,
}

impl Book {
    pub(crate) fn new(desk: Arc<Desk>, writer: Writer, setting: Setting) -> Self {
        Self {
            desk,
            writer,
            setting,
            calls: HashMap::new(),
            feeds: HashMap::new(),
            signals: Vec::new(),
            answers: Vec::new(),
            told: Provisioned::default(),
        }
    }

    /// Records until [`Happening::Close`].
    pub(crate) fn keep(mut self) -> Provisioned {
        let mut happened = Vec::new();
        let mut open = true;
        while open {
            let deadline = self.calls.values().filter_map(Call::deadline).min();
            self.desk.queue.take(deadline, &mut happened);
            let mut weight = 0;
            for At(at, happening) in happened.drain(..) {
                let entry = At(at, happening);
                weight += entry.weight();
                open &= !matches!(entry.1, Happening::Close);
                self.happened(entry.1, at);
                if self.waiting() >= RECORDS {
                    self.flush();
                }
            }
            self.settle_calls(Instant::now());
            self.flush();
            if !self.answers.is_empty() {
                self.writer.settle();
                for answer in self.answers.drain(..) {
                    // Who asked may have stopped waiting.
                    let _ = answer.send(());
                }
            }
            self.desk.queue.done(weight);
        }
        self.close();
        self.told.records = self.writer.tally;
        self.told.answered_early = self.desk.count_answered_early();
        self.told
    }

    fn happened(&mut self, happening: Happening, at: u64) {
        match happening {
            Happening::Called {
                call,
                start,
                asked,
                read,
            } => self.called(call, &start, asked, read, at),
            Happening::StreamBegun { feed, call, way } => self.stream_begun(feed, call, way, at),
            Happening::Event { feed, event } => {
                if let Some((_, open)) = self.feeds.get_mut(&feed)
                    && !open.read(&event, false, at)
                {
                    self.told.malformed += 1;
                }
            }
            Happening::StreamEnded { feed, broken, durable } => {
                self.told.broken += u64::from(broken);
                self.stream_ended(feed, at);
                self.answers.push(durable);
            }
            Happening::Line { call, line } => {
                if let Some(call) = self.calls.get_mut(&call)
                    && !call.line(&line, at)
                {
                    self.told.malformed += 1;
                }
            }
            Happening::Signal(name) => self.signals.push(name),
            Happening::Ended { call, how, durable } => {
                if let Some(call) = self.calls.get_mut(&call) {
                    call.close(how, at, durable);
                }
            }
            Happening::Close => {}
        }
    }

    fn called(&mut self, id: CallId, start: &Start, asked: Asked, read: Read, at: u64) {
        let names = Names::of(start, &asked);
        let work = match asked.tool {
            Tool::Pulumi => Work::Streams {
                last: None,
                spool: Vec::new(),
            },
            Tool::Terraform | Tool::Tofu => {
                let feed = match (read, asked.says) {
                    (Read::Messages, _) => "file",
                    (_, Says::Messages) => "stdout",
                    _ => "text",
                };
                let context = self.context(asked.tool, Some(asked.verb), &names, feed);
                let mut open = self.begin(context, Call::reading(&asked, read), at);
                open.start(at);
                Work::Lines(Box::new(open))
            }
        };
        let since = (at, self.signals.len());
        let mut call = Call::new(asked, names, work, since);
        call.is_read = read != Read::Nothing;
        self.calls.insert(id, call);
    }

    fn stream_begun(&mut self, feed: FeedId, call: Option<CallId>, way: &'static str, at: u64) {
        let call = call.filter(|id| self.calls.contains_key(id));
        // What the tool did before goes on without its exit status: that will be the new stream's.
        let before = call.and_then(|id| self.calls.get_mut(&id)).and_then(|call| {
            call.feeds.push(feed);
            call.streams += 1;
            match &mut call.work {
                Work::Streams { last, .. } => last.take().map(|open| (open, call.names.user.clone())),
                _ => None,
            }
        });
        if let Some((open, user)) = before {
            self.end(*open, user.as_deref(), &Ended::default(), 1, at);
        }
        let known = call.and_then(|id| self.calls.get(&id));
        let (verb, names) = match known {
            Some(call) => (Some(call.asked.verb), call.names.clone()),
            None => (None, self.own_names()),
        };
        let context = self.context(Tool::Pulumi, verb, &names, way);
        let mut open = self.begin(context, Reading::pulumi(), at);
        if let Some(call) = call.and_then(|id| self.calls.get(&id)).filter(|call| call.streams == 1) {
            open.signals_before = call.signals_before;
        }
        self.feeds.insert(feed, (call, open));
    }

    fn stream_ended(&mut self, feed: FeedId, at: u64) {
        let Some((call, mut open)) = self.feeds.remove(&feed) else {
            return;
        };
        open.finish(at);
        let call = call.and_then(|id| self.calls.get_mut(&id));
        match call {
            Some(Call {
                feeds,
                work: Work::Streams { last, .. },
                ..
            }) => {
                feeds.retain(|known| *known != feed);
                // Its process goes on, and then says how it ended.
                let before = last.replace(Box::new(open));
                if let Some(before) = before {
                    self.end(*before, None, &Ended::default(), 1, at);
                }
            }
            _ => {
                let user = self.setting.user.clone();
                self.end(open, user.as_deref(), &Ended::default(), 1, at);
            }
        }
    }

    /// Ends the calls whose processes have ended and whose rest has come.
    fn settle_calls(&mut self, now: Instant) {
        let due = |call: &Call| call.deadline().is_some_and(|deadline| deadline <= now);
        let due: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, call)| due(call))
            .map(|(id, _)| *id)
            .collect();
        due.into_iter().for_each(|id| self.end_call(id));
    }

    fn end_call(&mut self, id: CallId) {
        let Some(mut call) = self.calls.remove(&id) else { return };
        let closing = call.end.take();
        let (how, at, durable) = match closing {
            Some(closing) => (closing.how, closing.at, closing.durable),
            None => (Ended::default(), crate::clock::unix_nanos(), None),
        };
        // Streams that are still open have nothing more to say that could be waited for.
        for feed in std::mem::take(&mut call.feeds) {
            self.told.unread += 1;
            if let (Some((_, open)), Work::Streams { last, .. }) = (self.feeds.remove(&feed), &mut call.work)
                && let Some(before) = last.replace(Box::new(open))
            {
                self.end(*before, call.names.user.as_deref(), &Ended::default(), 1, at);
            }
        }
        let user = call.names.user.clone();
        match std::mem::replace(&mut call.work, Work::Done) {
            Work::Lines(mut open) => {
                open.finish(at);
                self.end(*open, user.as_deref(), &how, u64::from(call.is_read), at);
            }
            Work::Streams { last: Some(open), .. } => self.end(*open, user.as_deref(), &how, 1, at),
            Work::Streams { last: None, spool, .. } => {
                let (open, streams) = self.without_stream(&call, &spool, at);
                self.end(open, user.as_deref(), &how, streams, at);
            }
            Work::Done => {}
        }
        if let Some(durable) = durable {
            self.flush();
            self.writer.settle();
            let _ = durable.try_send(());
        }
    }

    /// A Pulumi operation of which no stream came: what its stdout said, if that was JSON.
    fn without_stream(&mut self, call: &Call, spool: &[u8], at: u64) -> (Open, u64) {
        let (feed, reading) = match call.asked.says {
            Says::Document => ("stdout", Reading::pulumi_document()),
            Says::Messages => ("stdout", Reading::pulumi()),
            Says::Text => ("grpc", Reading::pulumi()),
        };
        let context = self.context(Tool::Pulumi, Some(call.asked.verb), &call.names, feed);
        let mut open = self.begin(context, reading, call.begun);
        open.signals_before = call.signals_before;
        let mut read = 0;
        if call.asked.says == Says::Document && !spool.is_empty() {
            read += u64::from(open.read(spool, false, at));
        } else {
            Lines::default().push(spool, &mut |line| read += u64::from(open.read(line, false, at)));
        }
        (open, u64::from(read > 0))
    }

    fn begin(&mut self, context: Context, reading: Reading, at: u64) -> Open {
        self.told.operations += 1;
        let verb = context.verb.map(Verb::name);
        let started = OperationStarted {
            operation: context.id.to_string(),
            tool: context.tool.name().to_owned(),
            verb: verb.map(str::to_owned),
            start: at,
            project: context.project.clone(),
            stack: context.stack.clone(),
            organization: context.organization.clone(),
            workspace: context.workspace.clone(),
            root: context.root.clone(),
            feed: context.feed.to_owned(),
        };
        self.writer.note(&Note::OperationStarted(started));
        Open::begin(context, reading, at, self.signals.len())
    }

    fn end(&mut self, open: Open, user: Option<&str>, how: &Ended, streams: u64, at: u64) {
        let own = open.operation().attributes();
        let mut forwarded = self.signals.get(open.signals_before..).unwrap_or_default().to_vec();
        // A shim tells of all that it passed on; what the run passed on to the whole job is among it.
        for signal in &how.forwarded {
            let of_kind = |signals: &[String]| signals.iter().filter(|known| *known == signal).count();
            if of_kind(&forwarded) < of_kind(&how.forwarded) {
                forwarded.push(signal.clone());
            }
        }
        let end = End {
            exit_code: how.exit_code,
            signal: how.signal.clone(),
            forwarded,
            interrupted: false,
            streams,
        };
        let output = open.end(&end, at);
        self.writer.output(&own, user, output, true);
    }

    /// Writes what operations have made.
    fn flush(&mut self) {
        let own_user = self.setting.user.as_deref();
        for (call, open) in self.feeds.values_mut() {
            let user = match call.and_then(|id| self.calls.get(&id)) {
                Some(call) => call.names.user.as_deref(),
                None => own_user,
            };
            write(&mut self.writer, open, user);
        }
        for call in self.calls.values_mut() {
            let user = call.names.user.as_deref();
            match &mut call.work {
                Work::Lines(open) => write(&mut self.writer, open, user),
                Work::Streams { last: Some(open), .. } => write(&mut self.writer, open, user),
                Work::Streams { .. } | Work::Done => {}
            }
        }
    }

    fn waiting(&self) -> usize {
        let feeds = self.feeds.values().map(|(_, open)| open.waiting());
        let calls = self.calls.values().map(|call| match &call.work {
            Work::Lines(open) => open.waiting(),
            _ => 0,
        });
        feeds.chain(calls).sum()
    }

    /// The run is over: whatever is open ends now.
    fn close(&mut self) {
        let calls: Vec<CallId> = self.calls.keys().copied().collect();
        calls.into_iter().for_each(|id| self.end_call(id));
        let now = crate::clock::unix_nanos();
        let feeds: Vec<FeedId> = self.feeds.keys().copied().collect();
        for feed in feeds {
            self.told.unread += 1;
            self.stream_ended(feed, now);
        }
        self.flush();
    }

    fn own_names(&self) -> Names {
        Names {
            user: self.setting.user.clone(),
            ..Names::default()
        }
    }

    fn context(&self, tool: Tool, verb: Option<Verb>, names: &Names, feed: &'static str) -> Context {
        let names = names.clone();
        Context {
            id: Ulid::generate(),
            tool,
            verb,
            run: self.setting.run,
            place: self.setting.place,
            project: names.project,
            stack: names.stack,
            organization: names.organization,
            workspace: names.workspace,
            root: names.root,
            feed,
        }
    }
}

fn write(writer: &mut Writer, open: &mut Open, user: Option<&str>) {
    if open.waiting() > 0 {
        let own = open.operation().attributes();
        let output = open.take();
        writer.output(&own, user, output, false);
    }
}
