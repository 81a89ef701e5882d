//! The one message of a unary gRPC call: a byte that says whether it is compressed, four that say how long it is
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use super::body::{Chunks, Gathered};
use crate::admission::flight::Held;
use crate::limits::{ServerLimits, TenantLimits};
use crate::refusal::Refusal;
use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;

/// Bytes before the message.
const PREFIX: usize = 5;

/// The message, and whether it is compressed.
pub(super) async fn read<B>(
    body: B,
    server: &ServerLimits,
    tenant: &TenantLimits,
    held: &mut Held,
) -> Result<(Bytes, bool), Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut chunks = Chunks::new(body, server);
    let mut prefix = BytesMut::with_capacity(PREFIX);
    let mut rest = Bytes::new();
    while prefix.len() < PREFIX {
        let Some(mut chunk) = chunks.next().await? else {
            return Err(malformed("the message's prefix is cut off"));
        };
        held.add(chunk.len())?;
        let wanted = (PREFIX - prefix.len()).min(chunk.len());
        prefix.extend_from_slice(&chunk.split_to(wanted));
        rest = chunk;
    }
    let flag = prefix.get_u8();
    let len = prefix.get_u32() as usize;
    if flag > 1 {
        return Err(malformed("the message's prefix is no gRPC"));
    }
    tenant.fits(len)?;
    let mut gathered = Gathered::default();
    if !rest.is_empty() {
        gathered.add(rest, len);
    }
    // Also what comes after the message is read: a second one would be no unary call.
    while gathered.len() <= len {
        let Some(chunk) = chunks.next().await? else { break };
        held.add(chunk.len())?;
        gathered.add(chunk, len);
    }
    if gathered.len() != len {
        return Err(malformed("the message is not as long as it says"));
    }
    Ok((gathered.finish(), flag == 1))
}

fn malformed(why: &str) -> Refusal {
    Refusal::Malformed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use proptest::prelude::*;
    use std::convert::Infallible;
    use std::sync::Arc;

    fn read_all(chunks: Vec<Vec<u8>>, max: usize) -> Result<(Bytes, bool), Refusal> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let frames = chunks
            .into_iter()
            .map(|chunk| Ok::<_, Infallible>(Frame::data(Bytes::from(chunk))));
        let tenant = TenantLimits {
            request_bytes: max,
            ..TenantLimits::default()
        };
        let mut held = Held::new(&Arc::default(), &Arc::default(), (u64::MAX, u64::MAX));
        let body = StreamBody::new(Iter(frames));
        runtime.block_on(read(body, &ServerLimits::default(), &tenant, &mut held))
    }

    struct Iter<I>(I);

    impl<I: Iterator + Unpin> futures_core::Stream for Iter<I> {
        type Item = I::Item;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<I::Item>> {
            std::task::Poll::Ready(self.0.next())
        }
    }

    proptest! {
        #[test]
        fn a_message_comes_together_from_any_chunks(message: Vec<u8>, flag in 0..2u8, cuts in proptest::collection::vec(0..64usize, 0..8)) {
            let mut bytes = vec![flag];
            bytes.extend((message.len() as u32).to_be_bytes());
            bytes.extend(&message);
            let mut chunks = Vec::new();
            for cut in cuts {
                let rest = bytes.split_off(cut.min(bytes.len()));
                chunks.push(std::mem::replace(&mut bytes, rest));
            }
            chunks.push(bytes);
            prop_assert_eq!(read_all(chunks, 1 << 20), Ok((Bytes::from(message), flag == 1)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(chunks: Vec<Vec<u8>>) {
            let _ = read_all(chunks, 1 << 10);
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (bytes, name) in [
            (&[][..], "malformed"),
            (&[0, 0, 0, 0][..], "malformed"),
            (&[2, 0, 0, 0, 0][..], "malformed"),
            (&[0, 0xff, 0xff, 0xff, 0xff, 1][..], "too_large"),
            (&[0, 0, 0, 0, 2, 1][..], "malformed"),
            (&[0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0][..], "malformed"),
        ] {
            assert_eq!(
                read_all(vec![bytes.to_vec()], 1 << 10).unwrap_err().name(),
                name,
                "{bytes:?}"
            );
        }
    }
}
