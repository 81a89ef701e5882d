//! One cursor on its way to one route.

use super::collect::{Added, Collector};
use super::route::{Route, Turn};
use super::setback::Setback;
use super::settle::{Doubt, News, settle};
use super::window::Slot;
use sitelog_ledger::{Cursor, Error, Frame, Position, Progress, Refusal};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How far delivery is to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// As usual.
    Running,
    /// Nothing waits for company any more.
    Draining,
    /// What is on its way is answered; nothing more is read.
    Leaving,
    /// Put down what is known and stop.
    Stopped,
}

impl Phase {
    /// Whether nothing more is begun.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Leaving | Self::Stopped)
    }
}

/// Frames that a lane leaves behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub frames: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Whether there are more, which were not counted because that would have taken long.
    pub more: bool,
}

/// A cursor being delivered.
pub(crate) struct Lane {
    route: Rc<Route>,
    cursor: Cursor,
    /// Changes when a live chain has news; `None` for a chain that is read to its present end.
    news_of_chain: Option<watch::Receiver<u64>>,
    phase: watch::Receiver<Phase>,
    progress: Progress,
    /// What is done because it was refused, and is not put down yet.
    refused: Vec<Refusal>,
    collector: Collector,
    /// The right to read what is in the collector, and the wait for it.
    turn: Option<Turn>,
    reserving: Option<Pin<Box<dyn Future<Output = Turn>>>>,
    /// There may be something to read.
    has_more: bool,
    ended: bool,
    /// Something was given back, or only begun: once nothing is on its way, the cursor goes back.
    must_go_back: bool,
    doubt: Option<(Position, Doubt)>,
    /// Since the cursor went back, an answer may have been the data's fault.
    is_suspect: bool,
    /// Pieces that are not wholly settled.
    unsettled: usize,
    /// They end with the lane.
    tasks: JoinSet<()>,
    sender: UnboundedSender<News>,
    news: UnboundedReceiver<News>,
}

impl Lane {
    pub(crate) fn new(
        route: Rc<Route>,
        cursor: Cursor,
        news_of_chain: Option<watch::Receiver<u64>>,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        let progress = cursor.progress().clone();
        let collector = Collector::new(progress.upto);
        let (sender, news) = unbounded_channel();
        Self {
            route,
            cursor,
            news_of_chain,
            phase,
            progress,
            refused: Vec::new(),
            collector,
            turn: None,
            reserving: None,
            has_more: true,
            ended: false,
            must_go_back: false,
            doubt: None,
            is_suspect: false,
            unsettled: 0,
            tasks: JoinSet::new(),
            sender,
            news,
        }
    }

    /// Delivers until the chain ends or the phase says stop; then says what is left. When the ledger fails, it waits and goes on:
    /// a full disk must not end delivery. Others wait for the place of a chain that nobody writes: its lane ends with the error once
    /// nothing is lost by it, or after some tries.
    pub(crate) async fn run(mut self) -> Result<Waiting, Error> {
        let (mut setback, mut known) = (Setback::new(self.route.pace.setback), self.progress.clone());
        loop {
            let error = match self.deliver().await {
                Ok(left) => return Ok(left),
                Err(error) => error,
            };
            let has_moved = *self.cursor.progress() != known;
            let wait = setback.again(has_moved);
            known.clone_from(self.cursor.progress());
            let is_put_down = self.unsettled == 0 && self.is_put_down();
            // What nobody writes may be cleared away by somebody.
            let is_over = self.news_of_chain.is_none() && (is_put_down || setback.is_long() || error.is_missing());
            if *self.phase.borrow() != Phase::Running || is_over {
                // Others on this route wait for how these fare.
                self.tasks.detach_all();
                return Err(error);
            }
            self.route.counters().cursor_errors.add(1);
            self.route.failed(&error.to_string());
            // Nothing is read before what is done is put down: nothing is delivered again.
            self.given_back(false);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // At the end there is one more try.
                _ = self.phase.wait_for(|phase| *phase != Phase::Running) => {}
            }
        }
    }

    async fn deliver(&mut self) -> Result<Waiting, Error> {
        loop {
            let phase = *self.phase.borrow_and_update();
            if phase == Phase::Leaving {
                self.let_go();
            }
            if phase == Phase::Stopped || phase == Phase::Leaving && self.unsettled == 0 {
                // What is given up says what is known of it.
                self.tasks.shutdown().await;
                self.take_news().await?;
                self.cursor.settle()?;
                return self.waiting();
            }
            if self.must_go_back && self.unsettled == 0 && self.collector.is_empty() {
                self.go_back().await?;
            }
            self.read().await?;
            if self.ended && self.unsettled == 0 && self.collector.is_empty() && !self.must_go_back {
                self.cursor.settle()?;
                return Ok(Waiting::default());
            }
            self.step(phase).await?;
        }
    }

    async fn step(&mut self, phase: Phase) -> Result<(), Error> {
        let linger = self.collector.since().map(|since| since + self.route.pace.linger);
        let is_alone = phase == Phase::Draining || self.ended || self.must_go_back || self.is_full();
        let is_due = linger.is_some_and(|due| is_alone || due <= Instant::now());
        let may_read = self.has_more && !self.ended && !self.must_go_back && !phase.is_over();
        if may_read && self.turn.is_none() && self.reserving.is_none() {
            self.reserving = Some(Box::pin(self.route.clone().turn()));
        }
        tokio::select! {
            biased;
            news = self.news.recv() => {
                self.hear(news);
                self.take_news().await?;
            }
            _ = self.phase.changed() => {}
            slot = self.route.window.clone().enter(), if is_due => {
                self.send(slot);
                // Others have their turn.
                tokio::task::yield_now().await;
            }
            turn = reserved(&mut self.reserving) => {
                (self.turn, self.reserving) = (Some(turn), None);
            }
            () = sleep_until(linger), if linger.is_some() && !is_due => {}
            () = changed(&mut self.news_of_chain), if !self.ended => self.has_more = true,
        }
        Ok(())
    }

    fn send(&mut self, slot: Slot) {
        let (Some(piece), Some(turn)) = (self.collector.take(), self.turn.take()) else {
            return;
        };
        let accepted_before = self.route.accepted();
        let fresh = Doubt {
            tries: 0,
            accepted_before,
        };
        let doubt = self.doubt.map_or(fresh, |(_, doubt)| doubt);
        let (route, sender) = (self.route.clone(), self.sender.clone());
        self.unsettled += 1;
        self.tasks.spawn_local(async move {
            settle(&route, piece, doubt, &sender).await;
            drop((slot, turn));
            // Who hears it has gone only when everything is given up.
            drop(sender.send(News::Finished));
        });
        self.reap();
    }

    /// Lets go of tasks that have ended.
    fn reap(&mut self) {
        while self.tasks.try_join_next().is_some() {}
    }

    fn is_full(&self) -> bool {
        let reaches = |turn: &Turn| turn.is_probe || self.collector.len() >= turn.limit;
        self.turn.as_ref().is_some_and(reaches)
    }

    /// Reads what there is, up to what its turn allows.
    async fn read(&mut self) -> Result<(), Error> {
        let Some(mut turn) = self.turn.take_if(|_| self.has_more) else {
            return Ok(());
        };
        let cut = turn.is_probe.then_some(turn.limit);
        while !self.ended && !self.must_go_back && self.collector.len() < turn.limit {
            let Some(frame) = self.cursor.next()? else {
                self.has_more = false;
                // A chain that another process writes is read to its present end.
                self.ended = self.cursor.at_end() || self.news_of_chain.is_none();
                break;
            };
            match self.collector.add(&frame, &self.progress, cut) {
                Added::Malformed(why) => {
                    self.refused.push(malformed(&frame, &why));
                    self.route.counters().malformed_frames.add(1);
                    self.route.failed(&why);
                }
                Added::Cut => self.must_go_back = true,
                Added::Yes | Added::Nothing => {}
            }
        }
        if !self.collector.is_empty() {
            turn.hold.resize(self.collector.len());
            self.turn = Some(turn);
        }
        match self.collector.take_passed() {
            Some(passed) => {
                self.progress.add(passed);
                self.put_down().await
            }
            None => Ok(()),
        }
    }

    /// Hears all news there are, then puts down once what is done.
    async fn take_news(&mut self) -> Result<(), Error> {
        while let Ok(news) = self.news.try_recv() {
            self.hear(Some(news));
        }
        self.put_down().await
    }

    fn hear(&mut self, news: Option<News>) {
        match news {
            Some(News::Settled(settled)) => {
                settled.ranges.into_iter().for_each(|range| self.progress.add(range));
                self.refused.extend(settled.refused);
            }
            Some(News::GivenBack { is_suspect }) => self.given_back(is_suspect),
            Some(News::Finished) => self.unsettled -= 1,
            None => {}
        }
    }

    /// Puts down what is refused, durably, then what is done.
    async fn put_down(&mut self) -> Result<(), Error> {
        if !self.refused.is_empty() {
            let refused = Arc::new(std::mem::take(&mut self.refused));
            let (list, theirs, done) = (self.cursor.refusals().clone(), refused.clone(), self.progress.clone());
            // Elsewhere: everybody on this thread would wait for the disk.
            let kept = tokio::task::spawn_blocking(move || list.add(&theirs, &done)).await;
            let kept = kept.unwrap_or_else(|_| self.cursor.refusals().add(&refused, &self.progress));
            if kept.is_err() {
                self.refused = Arc::unwrap_or_clone(refused);
            }
            kept?;
        }
        if self.is_put_down() {
            return Ok(());
        }
        self.cursor.note(self.progress.clone())
    }

    fn is_put_down(&self) -> bool {
        self.refused.is_empty() && self.progress == *self.cursor.progress()
    }

    /// Lets go of everything that was read: it is read again when the destination may be asked again.
    fn given_back(&mut self, is_suspect: bool) {
        // Requests sent together that fail together count as one.
        if is_suspect && !self.is_suspect {
            self.is_suspect = true;
            let (at, accepted_before) = (self.progress.upto, self.route.accepted());
            let fresh = Doubt {
                tries: 0,
                accepted_before,
            };
            let (_, doubt) = self.doubt.get_or_insert((at, fresh));
            doubt.tries += 1;
        }
        self.let_go();
    }

    fn let_go(&mut self) {
        self.collector = Collector::new(self.progress.upto);
        (self.turn, self.reserving, self.must_go_back) = (None, None, true);
    }

    /// Reads on behind what is done.
    async fn go_back(&mut self) -> Result<(), Error> {
        self.reap();
        self.take_news().await?;
        self.cursor.rewind()?;
        self.collector = Collector::new(self.progress.upto);
        self.doubt = self.doubt.filter(|(at, _)| *at == self.progress.upto);
        (self.must_go_back, self.is_suspect) = (false, false);
        (self.ended, self.has_more) = (false, true);
        Ok(())
    }

    /// What is not done, as far as a moment allows to count it.
    fn waiting(&mut self) -> Result<Waiting, Error> {
        let mut waiting = Waiting::default();
        let begun = std::time::Instant::now();
        self.cursor.rewind()?;
        while let Some(frame) = self.cursor.next()? {
            waiting.frames += 1;
            waiting.bytes += frame.batch.get().payload.bytes().len() as u64;
            if waiting.frames >= COUNTED && begun.elapsed() > COUNTING {
                waiting.more = true;
                break;
            }
        }
        Ok(waiting)
    }
}

/// A frame that holds no OTLP, as refused.
fn malformed(frame: &Frame, why: &str) -> Refusal {
    Refusal {
        within: frame.position..Position::start(frame.position.frame + 1),
        ..Refusal::one(frame.position, why)
    }
}

/// How long counting what is left may take: a job's end waits for it.
const COUNTING: Duration = Duration::from_millis(20);
/// So many are always counted.
const COUNTED: u64 = 64;

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn reserved(reserving: &mut Option<Pin<Box<dyn Future<Output = Turn>>>>) -> Turn {
    match reserving {
        Some(reserving) => reserving.await,
        None => std::future::pending().await,
    }
}

async fn changed(news: &mut Option<watch::Receiver<u64>>) {
    let gone = match news {
        Some(news) => news.changed().await.is_err(),
        None => true,
    };
    if gone {
        // The chain has gone with its writer: nothing more is heard of it.
        std::future::pending().await
    }
}
