//! An answer's body, decoded while it comes: a page may be long, memory is not.

use super::ApiError;
use bytes::Bytes;
use reqwest::Response;
use serde::de::DeserializeOwned;
use std::io::{BufReader, Read};
use tokio::sync::mpsc;

/// A body up to this size is decoded whole, which is faster; bytes.
const SHORT: usize = 128 * 1024;
/// Of a refusal; bytes.
const MAX_REFUSAL: usize = 4 * 1024;

/// Reads a body of at most `limit` bytes, as they are after decompression.
pub(super) async fn decode<T>(mut response: Response, limit: u64) -> Result<T, ApiError>
where
    T: DeserializeOwned + Send + 'static,
{
    let mut head = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| ApiError::of(&error))?;
        let Some(chunk) = chunk else {
            return serde_json::from_slice(&head).map_err(|error| unreadable(&error));
        };
        head.extend_from_slice(&chunk);
        if head.len() as u64 > limit {
            return Err(ApiError::TooLarge(limit));
        }
        if head.len() > SHORT {
            return decode_long(head, response, limit).await;
        }
    }
}

/// The decoder waits for the next piece on a thread of its own.
async fn decode_long<T>(head: Vec<u8>, mut response: Response, limit: u64) -> Result<T, ApiError>
where
    T: DeserializeOwned + Send + 'static,
{
    let mut size = head.len() as u64;
    let (pieces, coming) = mpsc::channel(2);
    let pieces_read = Pieces {
        coming,
        now: head.into(),
    };
    let decoding = tokio::task::spawn_blocking(move || serde_json::from_reader(BufReader::new(pieces_read)));
    let mut fault = None;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                size += chunk.len() as u64;
                if size > limit {
                    fault = Some(ApiError::TooLarge(limit));
                    break;
                }
                // The decoder has given up: it says why.
                if pieces.send(chunk).await.is_err() {
                    break;
                }
            }
            Ok(None) => break,
            Err(error) => {
                fault = Some(ApiError::of(&error));
                break;
            }
        }
    }
    drop(pieces);
    let decoded = decoding.await;
    match (fault, decoded) {
        (Some(fault), _) => Err(fault),
        (None, Ok(decoded)) => decoded.map_err(|error| unreadable(&error)),
        (None, Err(_)) => Err(ApiError::Broken("stopped".to_owned())),
    }
}

fn unreadable(error: &serde_json::Error) -> ApiError {
    ApiError::Malformed(error.to_string())
}

/// Pieces of a body as a reader.
struct Pieces {
    coming: mpsc::Receiver<Bytes>,
    now: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.now.is_empty() {
            match self.coming.blocking_recv() {
                Some(next) => self.now = next,
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.now.len());
        into[..count].copy_from_slice(&self.now.split_to(count));
        Ok(count)
    }
}

/// What a refusal says in one line: the `message` of the service's errors (`{code, message}`), or nothing. It is read to its
/// end where that is near, so that its connection can be used again.
pub(super) async fn refusal(mut response: Response) -> String {
    #[derive(serde::Deserialize)]
    struct Refusal {
        message: String,
    }
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_REFUSAL {
            break;
        }
    }
    let message = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.message);
    let line = message.unwrap_or_default();
    let line: String = line.chars().filter(|char| !char.is_control()).take(200).collect();
    match line.is_empty() {
        true => "no reason given".to_owned(),
        false => line,
    }
}
