//! Reading a body: no more of it than may come, and not for longer than it may take.

use crate::admission::flight::Held;
use crate::limits::{ServerLimits, TenantLimits};
use crate::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Room is made for what is said to come up to here; more only as it comes.
const ROOM: usize = 1 << 20;

/// Where chunks of a body come from, and until when.
pub(super) struct Chunks<B> {
    body: B,
    until: Instant,
    pause: Duration,
}

impl<B> Chunks<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    pub(super) fn new(body: B, limits: &ServerLimits) -> Self {
        let until = Instant::now() + limits.body_time;
        let pause = limits.body_pause;
        Self { body, until, pause }
    }

    /// How many bytes will come, as far as the sender says.
    pub(super) fn expected(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// The next chunk; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let until = self.until.min(Instant::now() + self.pause);
        loop {
            match timeout_at(until, self.body.frame()).await {
                Err(_) => return Err(Refusal::TooSlow),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(Refusal::Malformed("the body broke off".to_owned())),
                Ok(Some(Ok(frame))) => {
                    // Trailers say nothing that matters here.
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// Bytes that come together from chunks.
#[derive(Default)]
pub(super) struct Gathered {
    /// The only one so far: it is not copied when no other follows.
    first: Option<Bytes>,
    more: BytesMut,
}

impl Gathered {
    pub(super) fn add(&mut self, chunk: Bytes, expected: usize) {
        match self.first.take() {
            None if self.more.is_empty() => self.first = Some(chunk),
            None => self.more.extend_from_slice(&chunk),
            Some(first) => {
                self.more
                    .reserve(expected.clamp(first.len() + chunk.len(), ROOM.max(first.len() + chunk.len())));
                self.more.extend_from_slice(&first);
                self.more.extend_from_slice(&chunk);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.first.as_ref().map_or(self.more.len(), Bytes::len)
    }

    pub(super) fn finish(self) -> Bytes {
        self.first.unwrap_or_else(|| self.more.freeze())
    }
}

/// A whole body.
pub(super) async fn read<B>(
    body: B,
    server: &ServerLimits,
    tenant: &TenantLimits,
    held: &mut Held,
) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut chunks = Chunks::new(body, server);
    let expected = usize::try_from(chunks.expected().unwrap_or_default()).unwrap_or(usize::MAX);
    tenant.fits(expected)?;
    let mut gathered = Gathered::default();
    while let Some(chunk) = chunks.next().await? {
        tenant.fits(gathered.len() + chunk.len())?;
        held.add(chunk.len())?;
        gathered.add(chunk, expected);
    }
    Ok(gathered.finish())
}
