//! One cursor on its way to one route.

use super::collect::{Added, Collector};
use super::route::Route;
use super::settle::{News, Settled, settle};
use sitelog_ledger::{Cursor, Error, Position, Progress};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::Instant;

/// How far delivery is to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// As usual.
    Running,
    /// Nothing waits for company any more.
    Draining,
    /// Put down what is known and stop.
    Stopped,
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
    collector: Collector,
    ended: bool,
    /// Pieces that are not wholly settled, with their frames and bytes.
    sent: Vec<(Range<Position>, Waiting)>,
    unsettled: usize,
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
        let collector = Collector::new(route.signal, route.pace.request_bytes, progress.upto);
        let (sender, news) = unbounded_channel();
        let (ended, sent, unsettled) = (false, Vec::new(), 0);
        Self {
            route,
            cursor,
            news_of_chain,
            phase,
            progress,
            collector,
            ended,
            sent,
            unsettled,
            sender,
            news,
        }
    }

    /// Delivers until the chain ends or the phase says stop; then says what is left.
    pub(crate) async fn run(mut self) -> Result<Waiting, Error> {
        loop {
            let phase = *self.phase.borrow_and_update();
            if phase == Phase::Stopped {
                self.take_news()?;
                return self.waiting();
            }
            self.read()?;
            if self.ended && self.unsettled == 0 && self.collector.is_empty() {
                return Ok(Waiting::default());
            }
            self.step(phase == Phase::Draining).await?;
        }
    }

    async fn step(&mut self, draining: bool) -> Result<(), Error> {
        let due = self.collector.since().map(|since| since + self.route.pace.linger);
        let is_due = due.is_some_and(|due| draining || self.ended || self.collector.is_full() || due <= Instant::now());
        let wants_more = !self.ended && !self.collector.is_full();
        tokio::select! {
            biased;
            news = self.news.recv() => {
                self.hear(news)?;
                self.take_news()?;
            }
            _ = self.phase.changed() => {}
            slot = self.route.slots.clone().acquire_owned(), if is_due => {
                let (frames, bytes) = self.collector.waiting();
                let Some(piece) = self.collector.take() else { return Ok(()) };
                self.sent.push((piece.range.clone(), Waiting { frames, bytes, more: false }));
                self.unsettled += 1;
                let (route, sender) = (self.route.clone(), self.sender.clone());
                tokio::task::spawn_local(async move {
                    settle(&route, piece, &sender).await;
                    drop(slot);
                });
            }
            () = sleep_until(due), if due.is_some() && !is_due => {}
            () = changed(&mut self.news_of_chain), if wants_more => {}
        }
        Ok(())
    }

    /// Reads what there is, up to a whole request.
    fn read(&mut self) -> Result<(), Error> {
        while !self.ended && !self.collector.is_full() {
            let Some(frame) = self.cursor.next()? else {
                // A chain that another process writes is read to its present end.
                self.ended = self.cursor.at_end() || self.news_of_chain.is_none();
                break;
            };
            if let Added::Malformed(why) = self.collector.add(&frame, &self.progress) {
                self.route.counters().malformed_frames.add(1);
                self.route.failed(&why);
                self.cursor.refuse(frame.position, &why)?;
            }
        }
        match self.collector.take_passed() {
            Some(passed) => self.commit([passed]),
            None => Ok(()),
        }
    }

    /// Hears all news there are, then commits once.
    fn take_news(&mut self) -> Result<(), Error> {
        while let Ok(news) = self.news.try_recv() {
            self.hear(Some(news))?;
        }
        let progress = &self.progress;
        self.sent.retain(|(range, _)| !is_done(progress, range));
        if self.progress == *self.cursor.progress() {
            Ok(())
        } else {
            self.cursor.commit(self.progress.clone())
        }
    }

    fn hear(&mut self, news: Option<News>) -> Result<(), Error> {
        match news {
            Some(News::Settled(settled)) => self.note(settled),
            Some(News::Finished) => {
                self.unsettled -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn note(&mut self, settled: Settled) -> Result<(), Error> {
        if let Some((why, parts)) = settled.refused {
            for part in parts {
                let many = if part.records > 1 {
                    format!(" ({} records)", part.records)
                } else {
                    String::new()
                };
                self.cursor.refuse(part.at, &format!("{why}{many}"))?;
            }
        }
        self.progress.add(settled.range);
        Ok(())
    }

    fn commit(&mut self, done: impl IntoIterator<Item = Range<Position>>) -> Result<(), Error> {
        done.into_iter().for_each(|range| self.progress.add(range));
        self.cursor.commit(self.progress.clone())
    }

    /// What is left: what is in hand, and what is still to be read as far as a moment allows.
    fn waiting(&mut self) -> Result<Waiting, Error> {
        let (frames, bytes) = self.collector.waiting();
        let mut waiting = Waiting {
            frames,
            bytes,
            more: false,
        };
        for (_, sent) in &self.sent {
            waiting.frames += sent.frames;
            waiting.bytes += sent.bytes;
        }
        let begun = std::time::Instant::now();
        while let Some(frame) = self.cursor.next()? {
            waiting.frames += 1;
            waiting.bytes += frame.batch.get().payload.bytes().len() as u64;
            if begun.elapsed() > COUNTING {
                waiting.more = true;
                break;
            }
        }
        Ok(waiting)
    }
}

/// How long counting what is left may take: a job's end waits for it.
const COUNTING: Duration = Duration::from_millis(20);

fn is_done(progress: &Progress, range: &Range<Position>) -> bool {
    let covers = |done: &Range<Position>| done.start <= range.start && done.end >= range.end;
    progress.upto >= range.end || progress.ahead.iter().any(covers)
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
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
