//! Web pages whose tokens are in cookies, as browsers send them: what the page itself can do, and what pages of other sites cannot.

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use super::{
    client::Client,
    server::{Server, Site, free_address},
};
use crate::world::on_both;

/// A browser with a cookie jar, which sends what its pages ask it to.
struct Browser {
    http: reqwest::Client,
    server: String,
    /// Origin of its pages.
    origin: String,
    /// By name: the value and the path it is for.
    cookies: BTreeMap<String, (String, String)>,
    /// Values of `Set-Cookie`, verbatim.
    said: Vec<String>,
}

/// An answer: its status and its body.
type Reply = (u16, Value);

const ME: &str = "{ viewer { tenant { slug } } }";
const LOGIN: &str = "mutation { it: login(email: \"shop@shop.example\", password: \"four mugs on a shelf\") {
    result { ... on TokenPair { accessToken refreshToken session { id } } } userErrors { code } } }";
const REFRESH: &str = "mutation { it: sessionRefresh(refreshToken: \"\") { result { ... on TokenPair { accessToken refreshToken } } userErrors { code message } } }";
const LOGOUT: &str = "mutation { it: logout { userErrors { code } } }";

impl Browser {
    fn of(server: &Server) -> Self {
        Self {
            http: reqwest::Client::new(),
            server: server.url(),
            origin: server.url(),
            cookies: BTreeMap::new(),
            said: Vec::new(),
        }
    }

    fn header(&self, path: &str) -> String {
        let sent = self.cookies.iter().filter(|(_, (_, of))| path.starts_with(of.as_str()));
        sent.map(|(name, (value, _))| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// A request of a page with these headers. Cookies go along as they do from a page of the same site.
    async fn send(&mut self, path: &str, headers: &[(&str, &str)], query: &str) -> Reply {
        let mut request = self.http.post(format!("{}{path}", self.server)).json(&json!({ "query": query }));
        request = request.header("accept", "application/graphql-response+json").header("cookie", self.header(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let set: Vec<String> =
            answer.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect();
        for line in &set {
            let (pair, rest) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let path = rest.split("Path=").nth(1).unwrap().split(';').next().unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), (value.to_owned(), path.to_owned()));
            }
        }
        self.said.extend(set);
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A request of our own page.
    async fn ours(&mut self, path: &str, query: &str) -> Reply {
        let origin = self.origin.clone();
        self.send(path, &[("origin", &origin), ("entrepot-session", "cookie")], query).await
    }

    async fn logged_in(server: &Server) -> Self {
        Self::of(server).came_in().await
    }

    async fn came_in(self) -> Self {
        let mut browser = self;
        let (status, answer) = browser.ours("/graphql", LOGIN).await;
        assert_eq!((status, &answer["data"]["it"]["userErrors"]), (200, &json!([])), "{answer}");
        browser
    }

    async fn who(&mut self) -> Value {
        self.ours("/graphql", ME).await.1["data"]["viewer"]["tenant"]["slug"].clone()
    }
}

on_both!(a_page_logs_in_goes_on_and_logs_out_by_cookies, site: Site => {
    let server = Server::start(site).await;
    Client::register(&server.url(), "shop").await;
    let mut browser = Browser::of(&server);
    let (_, answer) = browser.ours("/graphql", LOGIN).await;
    let pair = &answer["data"]["it"]["result"];
    assert_eq!((&pair["accessToken"], &pair["refreshToken"]), (&json!(""), &json!("")), "no script can read them");
    assert_eq!(browser.said.len(), 3, "access, refresh, and what the device is known by: {:?}", browser.said);
    assert!(browser.said.iter().all(|line| line.contains("; HttpOnly; SameSite=Strict") && !line.contains("Secure")), "{:?}", browser.said);
    assert!(browser.said[1].starts_with("entrepot-refresh=epr_") && browser.said[1].contains("Path=/graphql/session;"), "{:?}", browser.said);
    assert_eq!(browser.who().await, "shop");
    let before = browser.cookies.clone();
    let (_, elsewhere) = browser.ours("/graphql", REFRESH).await;
    let refusals = &elsewhere["data"]["it"]["userErrors"][0];
    assert_eq!(refusals["code"], "TOKEN_EXPIRED", "the refresh token goes to its own path only");
    assert!(refusals["message"].as_str().is_some_and(|text| text.contains("sends this to /graphql/session")), "{refusals}");
    let mut browser = Browser { cookies: before.clone(), ..browser };
    let (_, answer) = browser.ours("/graphql/session", REFRESH).await;
    assert_eq!(answer["data"]["it"], json!({ "result": { "accessToken": "", "refreshToken": "" }, "userErrors": [] }));
    assert!(browser.cookies["entrepot-refresh"] != before["entrepot-refresh"], "it was rotated");
    assert_eq!(browser.who().await, "shop");
    let old_cookies = browser.cookies.clone();
    assert_eq!(browser.ours("/graphql", LOGOUT).await.1["data"]["it"]["userErrors"], json!([]));
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["entrepot-device"], "logging out takes them away; the device stays known");
    browser.cookies = old_cookies;
    let (_, answer) = browser.ours("/graphql", ME).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "and they are good for nothing");
    let (_, again) = browser.ours("/graphql", LOGIN).await;
    assert_eq!(again["data"]["it"]["userErrors"], json!([]), "a stale cookie does not stand in the way");
    let (_, stolen) = browser.send("/graphql", &[("authorization", "Bearer nonsense")], ME).await;
    assert_eq!(stolen["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "whoever sends a token means that one");
});

on_both!(a_page_of_another_site_cannot_act, site: Site => {
    let listed = "https://app.stock.example";
    let server = Server::start_with(site, free_address(), &["--origin", listed, "--proxy", "127.0.0.1", "--registration", "open"]).await;
    Client::register(&server.url(), "shop").await;
    let mut browser = Browser::logged_in(&server).await;
    let own = server.url();
    let rename = "mutation { it: profileUpdate(displayName: \"Mallory\") { userErrors { code } } }";
    let cookie = ("entrepot-session", "cookie");
    for (case, headers, code) in [
        ("another origin", vec![("origin", "https://evil.example"), cookie], "FORBIDDEN"),
        ("a page that hides where it is from", vec![("origin", "null"), cookie], "FORBIDDEN"),
        ("our name inside another", vec![("origin", "http://127.0.0.1.evil.example"), cookie], "FORBIDDEN"),
        ("no origin", vec![cookie], "FORBIDDEN"),
        ("no header", vec![("origin", own.as_str())], "UNAUTHENTICATED"),
        ("neither", vec![], "UNAUTHENTICATED"),
        ("another origin and no header", vec![("origin", "https://evil.example")], "UNAUTHENTICATED"),
        ("another value", vec![("origin", own.as_str()), ("entrepot-session", "yes")], "UNAUTHENTICATED"),
    ] {
        for (path, query) in [("/graphql", rename), ("/graphql", LOGOUT)] {
            let (_, answer) = browser.send(path, &headers, query).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{case}: {answer}");
        }
        if headers.iter().any(|(name, value)| *name == "origin" && *value != own) {
            let (_, answer) = browser.send("/graphql", &headers, ME).await;
            assert!(answer["data"].is_null(), "{case} reads nothing: {answer}");
        }
        let before = browser.cookies.clone();
        let (_, answer) = browser.send("/graphql/session", &headers, REFRESH).await;
        assert!(answer["data"]["it"]["result"].is_null(), "{case}: {answer}");
        assert_eq!(browser.cookies, before, "{case}");
        let (_, answer) = browser.send("/graphql", &headers, LOGIN).await;
        assert_eq!(browser.cookies, before, "nobody is logged in by {case}: {answer}");
    }
    // Behind a proxy that has TLS, a page of our name that came without it may be anybody's.
    let plain = [("origin", own.as_str()), cookie, ("x-forwarded-proto", "https")];
    assert_eq!(browser.send("/graphql", &plain, ME).await.1["errors"][0]["extensions"]["code"], "FORBIDDEN");
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let form = browser.http.post(format!("{own}/graphql")).header("content-type", kind).header("cookie", browser.header("/graphql"));
        let answer = form.body(json!({ "query": rename }).to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 415, "a form sends no JSON");
    }
    let (_, answer) = browser.ours("/graphql", "{ viewer { profile { displayName } } }").await;
    assert_eq!(answer["data"]["viewer"]["profile"]["displayName"], "Owner", "nothing was changed");
    let (_, answer) = browser.send("/graphql", &[("origin", listed), cookie], rename).await;
    assert_eq!(answer["data"]["it"]["userErrors"], json!([]), "one that the operator lists may");
});

/// Returns the first message of a socket, or the status that refused it.
async fn socket(browser: &Browser, origin: Option<&str>) -> Result<Value, u16> {
    let mut request = format!("{}/graphql", browser.server.replacen("http", "ws", 1)).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    request.headers_mut().insert("cookie", browser.header("/graphql").parse().unwrap());
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    let (mut socket, _) = match tokio_tungstenite::connect_async(request).await {
        Ok(open) => open,
        Err(tokio_tungstenite::tungstenite::Error::Http(reply)) => return Err(reply.status().as_u16()),
        Err(other) => panic!("{other}"),
    };
    socket.send(Message::text(json!({ "type": "connection_init" }).to_string())).await.unwrap();
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] != "connection_ack" {
                    return Ok(message);
                }
                let query = json!({ "id": "1", "type": "subscribe", "payload": { "query": ME } });
                socket.send(Message::text(query.to_string())).await.unwrap();
            }
            Message::Close(frame) => return Ok(json!(frame.map(|frame| u16::from(frame.code)))),
            _ => {}
        }
    }
}

on_both!(a_socket_with_cookies_is_for_pages_of_ours, site: Site => {
    let server = Server::start(site).await;
    Client::register(&server.url(), "shop").await;
    let browser = Browser::logged_in(&server).await;
    let socket_status = socket(&browser, Some(&server.url())).await.unwrap();
    assert_eq!(socket_status["payload"]["data"]["viewer"]["tenant"]["slug"], "shop", "{socket_status}");
    let evil = socket(&browser, Some("https://evil.example")).await;
    assert_eq!(evil, Ok(json!(4401)), "its page is told by the close code, which browsers show");
    let nobody = socket(&browser, None).await.unwrap();
    assert_eq!(nobody, json!(4403), "without an origin a cookie is nobody's: {nobody}");
});

on_both!(by_tls_no_cookie_goes_without, site: Site => {
    let server = Server::start_with(site, free_address(), &["--public-url", "https://stock.example", "--registration", "open"]).await;
    Client::register(&server.url(), "shop").await;
    let browser = Browser { origin: server.url().replace("http:", "https:"), ..Browser::of(&server) };
    let mut browser = browser.came_in().await;
    assert!(browser.said[0].starts_with("__Host-entrepot=") && browser.said[0].contains("Path=/;"), "{:?}", browser.said);
    assert!(browser.said[1].starts_with("__Secure-entrepot-refresh="), "{:?}", browser.said);
    assert!(browser.said.iter().all(|line| line.ends_with("; HttpOnly; SameSite=Strict; Secure")), "{:?}", browser.said);
    assert_eq!(browser.who().await, "shop");
    let (token, _) = browser.cookies.remove("__Host-entrepot").unwrap();
    browser.cookies.insert("entrepot".to_owned(), (token, "/".to_owned()));
    assert_eq!(browser.who().await, Value::Null, "a name that anybody can set is not believed");
});
