//! A gRPC message as an HTTP/2 body: five bytes before it, and the message itself without a copy.

use bytes::{BufMut, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// One length-prefixed message.
pub(super) struct Framed {
    prefix: Option<Bytes>,
    message: Option<Bytes>,
}

impl Framed {
    pub(super) fn new(compressed: bool, message: Bytes) -> Self {
        let mut prefix = BytesMut::with_capacity(5);
        prefix.put_u8(compressed.into());
        // Requests are a few MiB; the ledger takes no frame near 4 GiB.
        prefix.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
        let message = (!message.is_empty()).then_some(message);
        Self {
            prefix: Some(prefix.freeze()),
            message,
        }
    }
}

impl http_body::Body for Framed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.prefix.take().or_else(|| self.message.take());
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.prefix.is_none() && self.message.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = |part: &Option<Bytes>| part.as_ref().map_or(0, |bytes| bytes.len() as u64);
        SizeHint::with_exact(length(&self.prefix) + length(&self.message))
    }
}
