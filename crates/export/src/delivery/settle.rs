//! Trying a piece until every record of it is delivered or refused for good.
//!
//! - *Not now* (throttled, unavailable, no connection, bad credential): it is given back, for nobody keeps requests in memory
//!   while a destination is out. The lane reads it again when the destination may be asked again, for as long as it takes.
//! - *Refused for good*: it is halved, and the halves are sent, until single records are refused. One bad record among
//!   n costs about 2 log₂ n requests and only itself. When a hundred in a row are refused and nothing is taken, the rest of
//!   the request is refused whole. Where a destination does not take a signal at all, the whole request is refused at once.
//! - *Maybe the data, maybe the destination* (HTTP 500: what Prometheus answers to a delta sum): tried three times, then
//!   halved like a refused one. A single record is refused only when the destination took something else meanwhile; else
//!   the fault is the destination's, and the record waits.

use super::gate::Pass;
use super::piece::Piece;
use super::route::Route;
use crate::backends::Delivery;
use sitelog_ledger::{Position, Refusal};
use std::ops::Range;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// News of a piece.
pub(crate) enum News {
    /// These are settled.
    Settled(Settled),
    /// What is not settled of the piece is to be read and sent again; the answer may have been the data's fault.
    GivenBack { is_suspect: bool },
    /// Nothing more comes of the piece.
    Finished,
}

/// What is known of the records at the lane's front from requests that were given back.
#[derive(Clone, Copy)]
pub(crate) struct Doubt {
    /// Answers that may have been the data's fault.
    pub(crate) tries: u32,
    /// What the destination had taken before the first of them.
    pub(crate) accepted_before: u64,
}

/// Records that need no further thought.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) ranges: Vec<Range<Position>>,
    /// Those among them that were refused.
    pub(crate) refused: Vec<Refusal>,
}

/// So long refusals wait for more.
const TOGETHER: Duration = Duration::from_millis(250);

/// What the destination makes of a piece in the end.
enum Verdict {
    Taken,
    /// Refused: look into it.
    Halve(String),
    /// Refused: there is nothing to find.
    Whole(String),
    /// Not now.
    Later {
        is_suspect: bool,
    },
}

/// Settles a piece. What becomes of it is told as [`Outcome`] says.
pub(crate) async fn settle(route: &Route, piece: Piece, doubt: Doubt, news: &UnboundedSender<News>) {
    let mut todo = vec![(piece, 0)];
    let mut in_a_row = 0;
    let mut outcome = Outcome::new(route, news);
    // Who hears the news has gone only when everything is given up.
    while let Some((piece, depth)) = todo.pop() {
        let verdict = judge(route, &piece, depth, doubt).await;
        let why = match verdict {
            Verdict::Taken => {
                in_a_row = 0;
                outcome.delivered(&piece);
                continue;
            }
            Verdict::Later { is_suspect } => {
                drop(outcome);
                drop(news.send(News::GivenBack { is_suspect }));
                return;
            }
            Verdict::Halve(why) if in_a_row < route.pace.refusals_in_a_row => {
                if let Some((left, right)) = piece.clone().split() {
                    route.counters().splits.add(1);
                    todo.extend([(right, depth + 1), (left, depth + 1)]);
                    continue;
                }
                why
            }
            Verdict::Halve(why) | Verdict::Whole(why) => why,
        };
        in_a_row += 1;
        route.failed(&why);
        outcome.refused(&piece, &why);
    }
}

/// What became of a piece and is not told yet. What is delivered is told at once; from the first refusal on all of it is told
/// together, a few times a second and at the end, for each time a refusal is told costs a sync.
struct Outcome<'a> {
    route: &'a Route,
    news: &'a UnboundedSender<News>,
    settled: Settled,
    refused_records: u64,
    since: Option<Instant>,
}

impl<'a> Outcome<'a> {
    fn new(route: &'a Route, news: &'a UnboundedSender<News>) -> Self {
        let (settled, refused_records, since) = Default::default();
        Self {
            route,
            news,
            settled,
            refused_records,
            since,
        }
    }

    fn delivered(&mut self, piece: &Piece) {
        self.route.counters().bytes.add(piece.body.len() as u64);
        self.add(piece);
    }

    fn refused(&mut self, piece: &Piece, why: &str) {
        self.since.get_or_insert_with(Instant::now);
        self.refused_records += piece.records();
        self.settled
            .refused
            .extend(piece.refusals(&self.route.presentable(why)));
        self.add(piece);
    }

    fn add(&mut self, piece: &Piece) {
        self.settled.ranges.push(piece.range.clone());
        self.route.moved();
        if self.since.is_none_or(|since| since.elapsed() >= TOGETHER) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let (settled, records) = (
            std::mem::take(&mut self.settled),
            std::mem::take(&mut self.refused_records),
        );
        self.since = None;
        self.route.counters().refused_records.add(records);
        if !settled.ranges.is_empty() {
            drop(self.news.send(News::Settled(settled)));
        }
    }
}

impl Drop for Outcome<'_> {
    /// Also when the piece is given up half-way.
    fn drop(&mut self) {
        self.tell();
    }
}

async fn judge(route: &Route, piece: &Piece, depth: u32, doubt: Doubt) -> Verdict {
    let Some(pass) = route.gate.try_pass() else {
        return Verdict::Later { is_suspect: false };
    };
    let (flight, begun) = (route.departs(), Instant::now());
    let delivery = route.backend.send(route.signal, piece.body.clone()).await;
    drop(flight);
    let mut is_suspect = false;
    let (hint, unreachable, why) = match delivery {
        Delivery::Done => return taken(route, piece, &pass, begun, 0, ""),
        Delivery::Partly { rejected, why } => return taken(route, piece, &pass, begun, rejected, &why),
        Delivery::Never { why } | Delivery::TooLarge { why } => {
            route.gate.open(&pass);
            return Verdict::Halve(why);
        }
        Delivery::NotTaken { why } => {
            route.gate.open(&pass);
            return Verdict::Whole(why);
        }
        Delivery::Suspect { why } => {
            let is_tried = depth > 0 || doubt.tries + 1 >= route.pace.suspect_tries;
            let is_proven = piece.records() > 1 || route.accepted() > doubt.accepted_before;
            if is_tried && is_proven {
                route.gate.open_in_doubt(&pass);
                return Verdict::Halve(why);
            }
            is_suspect = true;
            (None, false, why)
        }
        Delivery::Later { after, why } => {
            route
                .counters()
                .throttled_microseconds
                .add(after.map_or(0, |hint| hint.as_micros() as u64));
            (after, false, why)
        }
        Delivery::Unreachable { why } => (None, true, why),
        Delivery::Barred { why } => (Some(route.pace.backoff.max), false, why),
    };
    route.gate.shut(&pass, hint, unreachable);
    route.window.refused();
    route.counters().retries.add(1);
    route.failed(&why);
    Verdict::Later { is_suspect }
}

fn taken(route: &Route, piece: &Piece, pass: &Pass, begun: Instant, rejected: u64, why: &str) -> Verdict {
    route.gate.open(pass);
    route.window.answered(begun.elapsed());
    route.accept();
    let counters = route.counters();
    // Points may be rejected of fewer metrics: the difference says nothing then.
    counters.delivered_records.add(piece.records().saturating_sub(rejected));
    counters.rejected_records.add(rejected);
    if rejected > 0 || !why.is_empty() {
        counters.partial_successes.add(1);
        route.failed(&format!("partial success, {rejected} rejected: {why}"));
    }
    Verdict::Taken
}
