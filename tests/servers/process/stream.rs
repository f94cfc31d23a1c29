//! A subscriber of `stockChanged`, and the state that it builds from its items.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    client::{Client, Socket},
    shop::{LevelRef, LevelState, Shop, place_of, text},
};

pub const WATCH: &str = "subscription($filter: StockFilter, $after: Cursor, $delay: Int! = 0) {
    stockChanged(filter: $filter, after: $after, maxDelayMs: $delay) { phase cursor reset
    changes { seq inFilter entries { versionAfter product { sku } } level { product { id description } store { id } onHand reserved version } } } }";

/// Options of a stream.
#[derive(Clone, Default)]
pub struct StreamOptions {
    pub filter: Value,
    pub after: Option<String>,
    pub delay_ms: u32,
}

pub struct Stream(Socket);

impl Stream {
    pub async fn open(client: &Client, options: &StreamOptions) -> Self {
        let mut socket = Socket::open(client).await;
        let variables = json!({ "filter": options.filter, "after": options.after, "delay": options.delay_ms });
        socket.subscribe(WATCH, &variables).await;
        Self(socket)
    }

    /// The next item; None when the stream or the socket has ended.
    pub async fn next(&mut self) -> Option<Value> {
        let mut message = self.0.listen().await?;
        match message["type"].as_str() {
            Some("next") => {
                let payload = &mut message["payload"];
                assert!(payload["errors"].is_null(), "{payload}");
                Some(payload["data"]["stockChanged"].take())
            }
            Some("complete") => None,
            _ => panic!("{message}"),
        }
    }

    /// The next item, which must come soon.
    pub async fn next_soon(&mut self) -> Value {
        timeout(Duration::from_secs(10), self.next()).await.expect("an item in time").expect("the stream goes on")
    }

    /// Reads the snapshot into the state, and returns the number of pages.
    pub async fn snapshot(&mut self, state: &mut State) -> usize {
        for page in 1.. {
            let item = self.next_soon().await;
            state.take(&item);
            match item["phase"].as_str() {
                Some("SNAPSHOT") => {}
                Some("READY") => return page,
                _ => panic!("before READY: {item}"),
            }
        }
        unreachable!("pages are counted until READY")
    }

    /// Reads on for so long.
    pub async fn read_for(&mut self, time: Duration, state: &mut State) {
        let until = Instant::now() + time;
        while let Ok(item) = timeout_at(until, self.next()).await {
            state.take(&item.expect("the stream goes on"));
        }
    }

    /// Reads until the state equals the shop's, which does not change meanwhile.
    pub async fn settle(&mut self, state: &mut State, shop: &Shop, within: Duration) {
        let levels = shop.levels().await;
        let until = Instant::now() + within;
        while state.figures() != levels {
            let Ok(item) = timeout_at(until, self.next()).await else {
                let wrong: Vec<_> = levels
                    .iter()
                    .filter(|(place, figures)| state.levels.get(*place).map(|known| known.figures) != Some(**figures))
                    .collect();
                panic!("after {within:?} the stream has not said: {wrong:?}");
            };
            state.take(&item.expect("the stream goes on"));
        }
    }
}

/// A level as the stream last sent it.
#[derive(Debug, Clone, Copy)]
pub struct SeenLevel {
    pub figures: LevelState,
    pub seq: i64,
    /// Whether it came in a change, not in a page of the snapshot.
    pub live: bool,
}

/// Levels as the stream sent them.
#[derive(Default, Clone)]
pub struct State {
    pub levels: BTreeMap<LevelRef, SeenLevel>,
    pub cursor: Option<String>,
    /// Items of phase LIVE.
    pub live: usize,
    /// Changes in those that were news.
    pub news: usize,
    /// Whether changes were held back: then only the newest of each level comes.
    pub conflated: bool,
    /// Whether a repeated change is an error.
    pub exact: bool,
}

impl State {
    pub fn figures(&self) -> BTreeMap<LevelRef, LevelState> {
        self.levels.iter().map(|(place, known)| (place.clone(), known.figures)).collect()
    }

    /// Adds a level that was read elsewhere, before the stream continues.
    pub fn add_level(&mut self, place: LevelRef, figures: LevelState) {
        self.levels.insert(place, SeenLevel { figures, seq: 0, live: false });
    }

    /// Applies an item. Every version of a level comes, in order; a change may be repeated unless
    /// `exact` is set.
    pub fn take(&mut self, item: &Value) {
        let live = item["phase"] == "LIVE";
        self.live += usize::from(live);
        match item["phase"].as_str() {
            // There is no cursor to resume from before the whole snapshot was sent.
            Some("SNAPSHOT") => assert_eq!(item["cursor"], Value::Null),
            _ => self.cursor = Some(text(&item["cursor"])),
        }
        for change in item["changes"].as_array().unwrap() {
            let (place, figures) = (place_of(&change["level"]), LevelState::of(&change["level"]));
            let seq = change["seq"].as_i64().unwrap();
            let known = self.levels.get(&place).copied();
            if let Some(known) = known {
                let version = known.figures.version;
                if figures.version < version || (figures.version == version && seq <= known.seq) {
                    assert!(!self.exact || !live || !known.live, "it goes back: {known:?} and then {change}");
                    continue;
                }
                let entries = change["entries"].as_array().unwrap().len() as i64;
                let gapless = figures.version == version + entries;
                // A row that was read elsewhere, or in a page, may be newer than the event that
                // comes after it, never older.
                assert!(!live || self.conflated || gapless || figures.version == version, "a gap: {known:?} and then {change}");
            }
            self.news += usize::from(live);
            if change["inFilter"] == true {
                self.levels.insert(place, SeenLevel { figures, seq, live });
            } else {
                self.levels.remove(&place);
            }
        }
    }
}
