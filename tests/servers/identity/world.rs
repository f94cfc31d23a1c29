//! A node without its front door: operations pass the doorkeeper and the schema. The clock is moved by hand.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, atomic::AtomicI64},
};

use async_graphql::{Request, Variables};
use entrepot::{
    clock::Clock,
    graphql::fault::TopError,
    identity::{Mailer, Settings},
    serve::Node,
    storage::{Backend, GlobalReads},
};
use serde_json::{Value, json};

pub use super::emails::{plain, token_in};
use crate::{
    databases::Home,
    world::{self, Hands, Setup, keys},
};
pub use crate::{
    support::sessions::{admit, lets_in},
    world::answers::codes,
};

pub const PASSWORD: &str = "four mugs on a shelf";

pub type World = world::World<SignIn>;

pub struct SignIn {
    pub node: Node,
    /// Directory of received e-mails.
    mailbox: PathBuf,
}

/// Tokens of a login.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub session: String,
}

/// The parts of a login that tests look at.
pub const LOGIN: &str = "result { __typename
    ... on TokenPair { accessToken refreshToken accessExpiresAt refreshExpiresAt session { id } tenant { slug } } } userErrors { code message field retryable }";

impl Setup for SignIn {
    async fn set_up(home: Home) -> World {
        let hands = settable(1_790_000_000_000_000);
        let mailbox = home.folder.join("letters");
        let node = node(&home.url, hands.clock(17), with_letters(&mailbox)).await;
        let (db, clock) = (node.db.clone(), node.clock.clone());
        World::new(home, db, (hands, clock), Self { node, mailbox })
    }
}

impl World {
    /// Another process on the same database.
    pub async fn another_node(&self) -> Node {
        self.node_with(|_| {}).await
    }

    /// Another process on the same database, with settings of its own.
    pub async fn node_with(&self, choose: impl FnOnce(&mut Settings)) -> Node {
        let mut settings = with_letters(&self.mailbox);
        choose(&mut settings);
        node(self.url(), self.hands().clock(18), settings).await
    }

    /// Waits for this number of e-mails and returns their texts; each has a reader.
    pub async fn letters(&self, count: usize) -> Vec<String> {
        for _ in 0..500 {
            let files: Vec<_> =
                fs::read_dir(&self.mailbox).map(|files| files.map(|file| file.unwrap().path()).collect()).unwrap_or_default();
            let mut whole: Vec<_> =
                files.into_iter().filter(|file: &PathBuf| file.extension().is_some_and(|end| end == "eml")).collect();
            whole.sort();
            if whole.len() >= count {
                // Time for one too many to arrive.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                return whole.iter().map(|file| plain(&fs::read_to_string(file).unwrap())).collect();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{count} letters have not come");
    }

    pub async fn execute(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        execute_at(&self.node, token, "198.51.100.7", query, variables).await
    }

    /// The payload of a mutation aliased `it` that ran.
    pub async fn change(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        let answer = self.execute(token, query, variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["it"].clone()
    }

    /// Whether an access token is good here.
    pub async fn lets_in(&self, token: &str) -> bool {
        lets_in(&self.node, token).await
    }

    /// A tenant with its owner, who is logged in.
    pub async fn founder(&self, word: &str) -> Tokens {
        let query = format!(
            "mutation($e: String!, $s: String!, $p: String!) {{ it: register(email: $e, password: $p, displayName: \"Owner\", tenantName: \"Shop\", tenantSlug: $s) {{ {LOGIN} }} }}"
        );
        let variables = json!({ "e": format!("{word}@example.com"), "s": format!("{word}-shop"), "p": PASSWORD });
        tokens(&self.change(None, &query, variables).await)
    }

    pub async fn try_login(&self, word: &str, password: &str) -> Value {
        let query = format!("mutation($e: String!, $p: String!) {{ it: login(email: $e, password: $p) {{ {LOGIN} }} }}");
        self.execute(None, &query, json!({ "e": format!("{word}@example.com"), "p": password })).await
    }

    pub async fn login(&self, word: &str) -> Tokens {
        tokens(&self.try_login(word, PASSWORD).await["data"]["it"])
    }

    pub async fn refresh(&self, token: &str) -> Value {
        let query = format!("mutation($t: String!) {{ it: sessionRefresh(refreshToken: $t) {{ {LOGIN} }} }}");
        self.change(None, &query, json!({ "t": token })).await
    }

    /// The access token of a session that has gone on.
    pub async fn refreshed(&self, tokens: &Tokens) -> String {
        self.refresh(&tokens.refresh).await["result"]["accessToken"].as_str().unwrap().to_owned()
    }

    /// Every row of a table as text.
    pub async fn dump(&self, table: &str) -> String {
        let global = self.node.db.global();
        let line = if GlobalReads::backend(&global) == Backend::Sqlite {
            let columns = format!(
                "SELECT group_concat('quote(' || name || ')', ' || '','' || ') AS line FROM pragma_table_info('{table}')"
            );
            global.rows(&columns, Vec::new()).await.unwrap()[0].try_get::<String>("", "line").unwrap()
        } else {
            format!("{table}::text")
        };
        let rows = global.rows(&format!("SELECT {line} AS line FROM {table}"), Vec::new()).await.unwrap();
        rows.iter().map(|row| row.try_get::<String>("", "line").unwrap() + "\n").collect()
    }
}

/// Hands that tick, on a clock that may be set without that time passes.
fn settable(start: i64) -> Hands {
    Hands { shown: Arc::new(AtomicI64::new(start)), passed: Arc::new(AtomicI64::new(1_000_000)), step: 1 }
}

fn with_letters(folder: &std::path::Path) -> Settings {
    Settings { mailer: Mailer::Folder(folder.to_owned()), public_url: "https://stock.example/".to_owned(), ..Settings::default() }
}

async fn node(url: &str, clock: Clock, settings: Settings) -> Node {
    world::node(url, clock, settings, &keys()).await
}

pub async fn execute_at(node: &Node, token: Option<&str>, address: &str, query: &str, variables: Value) -> Value {
    let session = match admit(node, token, address).await {
        Ok(session) => session,
        Err(code) => return json!({ "refused": code, "errors": [{ "code": code }] }),
    };
    let response = node.schema.execute((session.attach)(Request::new(query).variables(Variables::from_json(variables)))).await;
    let error = |error: &async_graphql::ServerError| {
        let top = error.source::<TopError>();
        let wait = match top {
            Some(TopError::RateLimited { retry_after_ms }) => json!(retry_after_ms),
            _ => Value::Null,
        };
        json!({ "code": top.map(|top| top.code().as_str()), "message": error.message, "retryAfterMs": wait })
    };
    let errors: Vec<Value> = response.errors.iter().map(error).collect();
    json!({ "data": response.data.into_json().unwrap(), "errors": if errors.is_empty() { Value::Null } else { Value::from(errors) } })
}

/// The tokens of a payload that gave some.
#[track_caller]
pub fn tokens(payload: &Value) -> Tokens {
    let result = &payload["result"];
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no tokens: {payload:#}")).to_owned();
    Tokens {
        access: text(&result["accessToken"]),
        refresh: text(&result["refreshToken"]),
        session: text(&result["session"]["id"]),
    }
}
