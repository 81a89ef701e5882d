//! Trying a piece until every record of it is delivered or refused for good.
//!
//! - *Not now* (throttled, unavailable, no connection, bad credential): it is sent again, for as long as it takes.
//! - *Refused for good*: it is halved, and the halves are sent, until single records are refused. One bad record among
//!   n costs about 2 log₂ n requests and only itself. When a hundred in a row are refused and nothing is taken, the rest of
//!   the request is refused whole. Where a destination does not take a signal at all, the whole request is refused at once.
//! - *Maybe the data, maybe the destination* (HTTP 500: what Prometheus answers to a delta sum): tried three times, then
//!   halved like a refused one. A single record is refused only when the destination took something else meanwhile; else
//!   the fault is the destination's, and the record waits.

use super::piece::{Part, Piece};
use super::route::Route;
use crate::backends::Delivery;
use sitelog_ledger::Position;
use std::ops::Range;
use tokio::sync::mpsc::UnboundedSender;

/// News of a piece.
pub(crate) enum News {
    /// These are settled.
    Settled(Settled),
    /// Nothing more comes of the piece.
    Finished,
}

/// Records that need no further thought.
pub(crate) struct Settled {
    pub(crate) range: Range<Position>,
    /// Why they were refused, and which; `None` when they were delivered.
    pub(crate) refused: Option<(String, Vec<Part>)>,
}

/// What the destination makes of a piece in the end.
enum Verdict {
    Taken,
    /// Refused: look into it.
    Halve(String),
    /// Refused: there is nothing to find.
    Whole(String),
}

/// Settles a piece; each part of it is told as soon as it is settled.
pub(crate) async fn settle(route: &Route, piece: Piece, news: &UnboundedSender<News>) {
    let mut todo = vec![(piece, 0)];
    let mut in_a_row = 0;
    let accepted_before = route.accepted();
    // Who sends the news has gone only when everything is given up.
    while let Some((piece, depth)) = todo.pop() {
        let verdict = judge(route, &piece, depth, accepted_before).await;
        let why = match verdict {
            Verdict::Taken => {
                in_a_row = 0;
                tell(route, news, &piece, None);
                continue;
            }
            Verdict::Halve(why) if in_a_row < route.pace.refusals_in_a_row => {
                if let Some((left, right)) = piece.clone().split(route.signal) {
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
        tell(
            route,
            news,
            &piece,
            Some((route.presentable(&why), piece.parts().to_vec())),
        );
    }
    // As above.
    drop(news.send(News::Finished));
}

fn tell(route: &Route, news: &UnboundedSender<News>, piece: &Piece, refused: Option<(String, Vec<Part>)>) {
    match &refused {
        Some(_) => route.counters().refused_records.add(piece.records()),
        None => route.counters().bytes.add(piece.body.len() as u64),
    }
    let settled = Settled {
        range: piece.range.clone(),
        refused,
    };
    drop(news.send(News::Settled(settled)));
    route.moved();
}

async fn judge(route: &Route, piece: &Piece, depth: u32, accepted_before: u64) -> Verdict {
    let mut suspected = 0;
    loop {
        let pass = route.gate.pass().await;
        let flight = route.departs();
        let delivery = route.backend.send(route.signal, piece.body.clone()).await;
        drop(flight);
        let (hint, unreachable, why) = match delivery {
            Delivery::Done => return taken(route, piece, &pass, 0, ""),
            Delivery::Partly { rejected, why } => return taken(route, piece, &pass, rejected, &why),
            Delivery::Never { why } | Delivery::TooLarge { why } => {
                route.gate.open(&pass);
                return Verdict::Halve(why);
            }
            Delivery::NotTaken { why } => {
                route.gate.open(&pass);
                return Verdict::Whole(why);
            }
            Delivery::Suspect { why } => {
                suspected += 1;
                let is_tried = depth > 0 || suspected >= route.pace.suspect_tries;
                let is_proven = piece.records() > 1 || route.accepted() > accepted_before;
                if is_tried && is_proven {
                    route.gate.open(&pass);
                    return Verdict::Halve(why);
                }
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
        route.counters().retries.add(1);
        route.failed(&why);
    }
}

fn taken(route: &Route, piece: &Piece, pass: &super::gate::Pass, rejected: u64, why: &str) -> Verdict {
    route.gate.open(pass);
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
