use std::hash::BuildHasher;

use super::*;

const LEAST: usize = 256;

fn window(answered: usize, in_flight: usize, refused: usize) -> Window {
    Window { elapsed: Duration::from_secs(1), answered, in_flight, refused }
}

/// Enters up to `times` requests and returns the admitted ones, which are in flight until they are
/// dropped.
fn enter(shedder: &LoadShedder, caller: u64, times: usize) -> Vec<InFlight<'_>> {
    (0..times).filter_map(|_| shedder.enter(shedder.started, |_| caller).ok()).collect()
}

#[test]
fn in_overload_as_many_are_in_flight_as_are_answered_in_time() {
    let next = |bound, seen| next_bound(bound, LEAST, seen);
    assert_eq!(next(1_024, window(1_000, 1_024, 0)), 300, "at the beginning nothing was refused yet");
    assert_eq!(next(300, window(2_000, 300, 50)), 450, "half of the way up");
    assert_eq!(next(450, window(1_200, 450, 50)), 360, "down at once");
    assert_eq!(next(360, window(0, 360, 50)), LEAST, "the database is away");
    assert_eq!(next(LEAST, window(40_000, LEAST, 9_000)), 6_128, "quick requests have more room");
}

#[test]
fn out_of_overload_the_bound_returns_to_that_of_a_node_at_rest() {
    let next = |bound, seen| next_bound(bound, LEAST, seen);
    assert_eq!(next(300, window(10, 0, 0)), 600);
    assert_eq!(next(600, window(10, 3, 0)), 1_024, "a slow report among few requests is no overload");
    assert_eq!(next(1_024, window(10, LEAST, 0)), 1_024, "nor are slow requests that the least bound has room for");
    assert_eq!(next(1_024, window(20_000, 64, 0)), 6_000);
    assert_eq!(next(6_000, window(10, 0, 0)), 1_024);
}

#[test]
fn one_tenants_flood_leaves_room_for_others() {
    let shedder = LoadShedder::new(Some(2));
    let mut flood = enter(&shedder, 1, 20);
    assert_eq!(flood.len(), 8, "half of it, and a share that is all of the other half");
    assert_eq!(shedder.enter(shedder.started, |_| 1).unwrap_err(), ShedReason::Share);
    let other = enter(&shedder, 2, 20);
    assert_eq!(other.len(), 2, "half of the shared half");
    drop(flood.pop());
    assert_eq!(enter(&shedder, 1, 1).len(), 0, "it has more than its share still");
    assert_eq!(enter(&shedder, 3, 1).len(), 1);
    drop((flood, other));
    assert_eq!(enter(&shedder, 1, 20).len(), 8, "all that was taken was given back");
    assert_eq!((shedder.callers.load(Ordering::Relaxed), shedder.refused.load(Ordering::Relaxed)), (0, 12 + 1 + 18 + 1 + 12));
}

#[test]
fn tenants_without_number_are_bounded_too() {
    let shedder = LoadShedder::new(Some(8));
    let all: Vec<_> = (0..1_000).filter_map(|caller| shedder.enter(shedder.started, |_| caller).ok()).collect();
    assert_eq!(all.len(), 32 + 32);
    assert_eq!(shedder.enter(shedder.started, |_| 5_000).unwrap_err(), ShedReason::Full);
}

#[test]
fn a_caller_is_hashed_only_when_half_of_the_bound_is_taken() {
    let shedder = LoadShedder::new(Some(2));
    let unhashed = |_: &RandomState| -> u64 { unreachable!("there is room") };
    let all: Vec<_> = (0..4).map(|_| shedder.enter(shedder.started, unhashed).unwrap()).collect();
    assert_eq!(all.len(), 4);
    let lifted = LoadShedder::new(None);
    let all: Vec<_> = (0..10_000).map(|_| lifted.enter(lifted.started, unhashed).unwrap()).collect();
    assert_eq!(all.len(), 10_000);
}

#[test]
fn the_bound_is_measured_anew_when_a_window_has_ended() {
    let shedder = LoadShedder::new(Some(2));
    let flood = enter(&shedder, 1, 20);
    let later = shedder.started + MEASURE_INTERVAL;
    shedder.enter(later, |_| 2).unwrap().mark_answered();
    assert_eq!(shedder.bound.load(Ordering::Relaxed), 2, "nothing was answered");
    flood.into_iter().for_each(InFlight::mark_answered);
    shedder.enter(later + MEASURE_INTERVAL / 2, |_| 2).unwrap().mark_answered();
    assert_eq!(shedder.bound.load(Ordering::Relaxed), 2, "not before its end");
    drop(shedder.enter(later + MEASURE_INTERVAL, |_| 2));
    assert_eq!(shedder.bound.load(Ordering::Relaxed), 6, "ten were answered in half a second");
}

#[test]
fn clients_that_give_up_make_room_and_do_not_raise_the_bound() {
    let shedder = LoadShedder::new(Some(2));
    for round in 1..=3 {
        let flood = enter(&shedder, 1, 20);
        assert!(flood.len() < 20);
        drop(flood);
        drop(shedder.enter(shedder.started + MEASURE_INTERVAL * round, |_| 2));
        assert_eq!(shedder.bound.load(Ordering::Relaxed), 2, "nobody had an answer");
        assert_eq!(shedder.entered.load(Ordering::Relaxed), shedder.left.load(Ordering::Relaxed), "all places are free");
    }
}

#[test]
fn refusals_are_spread_over_time() {
    let millis = |held| pause(held, 2_000).as_millis();
    assert_eq!([0, 1, 200, 2_000, 1_000_000].map(millis), [0, 0, 100, 1_000, 3_000]);
}

#[tokio::test]
async fn a_refusal_that_is_given_up_makes_room() {
    let shedder = LoadShedder::new(Some(2));
    let before = shedder.refusals_a_second / 5;
    shedder.held.store(before, Ordering::Relaxed);
    assert!(tokio::time::timeout(Duration::from_millis(1), shedder.wait_turn()).await.is_err());
    assert_eq!(shedder.held.load(Ordering::Relaxed), before);
    let began = Instant::now();
    shedder.wait_turn().await;
    assert!(began.elapsed() >= Duration::from_millis(200), "the refusals of a fifth of a second were before it");
    assert_eq!(shedder.held.load(Ordering::Relaxed), before);
}

fn of(token: &str) -> Caller<'_> {
    Caller::of(Some(token), None)
}

#[test]
fn a_caller_is_the_tenant_of_its_token_else_the_token_else_the_address() {
    let token = |claims: &str| format!("e30.{}.c2lnbmF0dXJl", base64::Engine::encode(&URL_SAFE_NO_PAD, claims));
    let (first, again) = (
        token(r#"{"iss":"entrepot","sub":"usr_1","tid":"ten_0123456789","mid":"mem_1"}"#),
        token(r#"{"iss":"entrepot","sub":"usr_2","tid":"ten_0123456789"}"#),
    );
    assert!(matches!(of(&first), Caller::Tenant(_)) && of(&first) == of(&again), "members of a tenant have one share");
    assert_ne!(of(&first), of(&token(r#"{"tid":"ten_0123456780"}"#)));
    for other in [
        "key",
        "a.b",
        "",
        "e30.!!.c",
        &token(r#"{"tid":7}"#),
        &token(&"x".repeat(4_000)),
        &token(&format!(r#"{{"tid":"{first}"}}"#)),
    ] {
        assert_eq!(of(other), Caller::Credential(other));
    }
    let address = |text: &str| Caller::of(None, text.parse().ok());
    assert_eq!(address("2001:db8::1"), address("2001:db8::2:3"), "a /64 is one caller");
    let hasher = RandomState::new();
    assert_ne!(hasher.hash_one(address("192.0.2.1")), hasher.hash_one(address("192.0.2.2")));
}
