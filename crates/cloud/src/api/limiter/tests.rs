//! How many calls are made at once, and that nobody calls while all are to wait.

use super::*;
use tokio::time::{advance, timeout};

async fn taken(limiter: &Limiter) -> Vec<Permit> {
    let mut permits = Vec::new();
    while let Ok(permit) = timeout(Duration::from_nanos(1), limiter.permit()).await {
        permits.push(permit);
    }
    permits
}

fn strain(limiter: &Limiter, error: &ApiError, permits: &[Permit]) {
    permits.iter().for_each(|permit| limiter.failed(permit, error));
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_than_the_most() {
    let limiter = Limiter::new(4, None);
    let permits = taken(&limiter).await;
    assert_eq!(permits.len(), 4);
    permits
        .iter()
        .for_each(|permit| limiter.good(permit, Duration::from_millis(1)));
    drop(permits);
    assert_eq!(taken(&limiter).await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_round_of_failures_halves_once_and_good_answers_bring_it_back() {
    let limiter = Limiter::new(16, None);
    let permits = taken(&limiter).await;
    advance(Duration::from_millis(5)).await;
    strain(&limiter, &ApiError::Server(503), &permits);
    drop(permits);
    let permits = taken(&limiter).await;
    assert_eq!(permits.len(), 8);
    advance(Duration::from_millis(5)).await;
    strain(&limiter, &ApiError::Timeout(Duration::ZERO), &permits);
    // That something is not there is no strain.
    strain(&limiter, &ApiError::Gone(String::new()), &permits);
    drop(permits);
    for want in [4, 5, 6, 7] {
        let permits = taken(&limiter).await;
        assert_eq!(permits.len(), want);
        permits
            .iter()
            .for_each(|permit| limiter.good(permit, Duration::from_millis(1)));
    }
}

#[tokio::test(start_paused = true)]
async fn everybody_waits_as_long_as_one_was_told() {
    let limiter = Limiter::new(4, None);
    let permits = taken(&limiter).await;
    let wait = |seconds| Some(Duration::from_secs(seconds));
    limiter.pause(&permits[0], wait(4));
    permits[1..].iter().for_each(|permit| limiter.pause(permit, wait(1)));
    drop(permits);
    let before = Instant::now();
    let _permit = limiter.permit().await;
    assert!(before.elapsed() >= Duration::from_secs(4), "{:?}", before.elapsed());
    assert_eq!(limiter.throttled().round(), 4.0);
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_refused_together_are_one_reason_to_wait() {
    let limiter = Limiter::new(10, None);
    let permits = taken(&limiter).await;
    advance(Duration::from_millis(5)).await;
    permits.iter().for_each(|permit| limiter.pause(permit, None));
    drop(permits);
    let before = Instant::now();
    let _permit = limiter.permit().await;
    assert!(
        before.elapsed() <= FIRST_PAUSE + Duration::from_millis(1),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_time_it_waits_longer_each_time() {
    let limiter = Limiter::new(1, None);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let permit = limiter.permit().await;
        limiter.pause(&permit, None);
        drop(permit);
        let before = Instant::now();
        drop(limiter.permit().await);
        waits.push(before.elapsed());
    }
    assert!(waits[0] >= FIRST_PAUSE / 2 && waits[0] <= FIRST_PAUSE, "{waits:?}");
    assert!(
        waits[3] > waits[0] && waits[11] > waits[3] && waits[11] <= LONGEST_PAUSE,
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn retries_have_a_budget() {
    let limiter = Limiter::new(1, None);
    let error = ApiError::Server(500);
    assert!(limiter.again(&error, 2).is_none());
    assert!(limiter.again(&ApiError::Malformed(String::new()), 0).is_none());
    let made = (0..100).filter(|_| limiter.again(&error, 0).is_some()).count();
    assert_eq!(made, 10);
    let permit = limiter.permit().await;
    (0..11).for_each(|_| limiter.good(&permit, Duration::from_millis(1)));
    assert!(limiter.again(&error, 1).is_some() && limiter.again(&error, 1).is_none());
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_goes_on_when_another_is_done() {
    let limiter = Limiter::new(1, None);
    let permit = limiter.permit().await;
    let waiting = tokio::spawn({
        let limiter = limiter.clone();
        async move { drop(limiter.permit().await) }
    });
    advance(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished());
    drop(permit);
    timeout(Duration::from_secs(1), waiting).await.unwrap().unwrap();
}
