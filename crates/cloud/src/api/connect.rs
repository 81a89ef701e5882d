//! No connection is opened that nobody waits for.
//!
//! Where none is idle, hyper's pool begins to connect. When one is given back before that is done, the call goes on with
//! it, and what was begun is finished all the same, on a task of its own. Here a call begins as another ends, microseconds
//! before its connection is given back: there would be some 20 connections for 10 calls at once. So each new one waits for
//! a moment, and is not opened when its call has gone on without it.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer;
use tower_service::Service;

/// Giving back takes microseconds, on a busy machine milliseconds.
const MOMENT: Duration = Duration::from_millis(20);

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a connection is not opened; nobody waits for it, so nobody is told.
#[derive(Debug, thiserror::Error)]
#[error("its call has got another connection")]
struct Needless;

/// Has connectors wait for a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience;

impl<S> Layer<S> for Patience {
    type Service = Patient<S>;

    fn layer(&self, connector: S) -> Patient<S> {
        Patient(connector)
    }
}

/// A connector that waits for a moment.
#[derive(Clone, Debug)]
pub(super) struct Patient<S>(S);

impl<S, To> Service<To> for Patient<S>
where
    S: Service<To, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    To: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, to: To) -> Self::Future {
        // The one that is ready connects, the other will be made so.
        let other = self.0.clone();
        let mut connector = std::mem::replace(&mut self.0, other);
        let caller = tokio::task::try_id();
        Box::pin(async move {
            tokio::time::sleep(MOMENT).await;
            // What goes on without its call goes on in another task.
            if tokio::task::try_id() != caller {
                return Err(Needless.into());
            }
            connector.call(to).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A connector that counts.
    #[derive(Clone, Default)]
    struct Connector(Arc<AtomicU32>);

    impl Service<()> for Connector {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Ready<Result<(), BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok(()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_waits_gets_its_connection() {
        let connector = Connector::default();
        Patience.layer(connector.clone()).call(()).await.unwrap();
        assert_eq!(connector.0.load(Ordering::Relaxed), 1);
    }

    /// As hyper's pool does it: what was begun is handed to a task of its own when the call has got another connection.
    #[tokio::test(start_paused = true)]
    async fn what_was_begun_for_a_call_that_has_gone_on_is_not_opened() {
        let connector = Connector::default();
        let mut begun = Patience.layer(connector.clone()).call(());
        tokio::select! {
            biased;
            _ = &mut begun => panic!("it does not wait"),
            () = std::future::ready(()) => {}
        }
        assert!(tokio::spawn(begun).await.unwrap().unwrap_err().is::<Needless>());
        assert_eq!(connector.0.load(Ordering::Relaxed), 0);
    }
}
