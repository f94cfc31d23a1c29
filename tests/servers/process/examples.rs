//! The examples of docs/realtime.md, unchanged, against a running server. Those whose tools are not
//! installed are named and skipped.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use super::{
    keys::program,
    server::{Server, Site},
    shop::Shop,
};
use crate::world::on_both;

/// Returns the examples by their names, each with the preceding ones that it continues.
fn examples() -> BTreeMap<String, String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/realtime.md")).unwrap();
    let mut found = BTreeMap::<String, String>::new();
    for part in text.split("<!-- example: ").skip(1) {
        let (title, rest) = part.split_once(" -->").unwrap();
        let code = rest.split("```").nth(1).unwrap().split_once('\n').unwrap().1;
        let (name, before) = title.split_once(" after ").unwrap_or((title, ""));
        // An example that extends others gets only their own parts, and of the client only the part
        // without its subscriptions.
        let own = |name: &str| found[name].replace(&found["resumable.js"], "").split("\nresumable(").next().unwrap().to_owned();
        let before = match before.split(", ").collect::<Vec<_>>()[..] {
            ["resumable.js"] => found["resumable.js"].clone(),
            ["resumable.js", other] => format!("{}{}\n", found["resumable.js"], own(other)),
            _ => String::new(),
        };
        found.insert(name.to_owned(), format!("{before}{code}"));
    }
    found
}

/// Packages of JavaScript, where there are any: ENTREPOT_TEST_NODE_MODULES names the folder.
fn has_package(name: &str) -> Option<String> {
    let folder = std::env::var("ENTREPOT_TEST_NODE_MODULES").ok()?;
    Path::new(&folder).join(name).is_dir().then_some(folder)
}

/// The program that runs an example, if all it takes is installed.
fn runner(name: &str) -> Option<Command> {
    let (tool, package) = match name {
        "curl.sh" => ("bash", None),
        "watch.py" => ("python3", None),
        "graphql-ws.js" => ("node", Some("graphql-ws")),
        "graphql-sse.js" => ("node", Some("graphql-sse")),
        "urql.js" => ("node", Some("@urql/core")),
        "apollo.js" => ("node", Some("@apollo/client")),
        _ => return None,
    };
    let is_there = Command::new(if name == "curl.sh" { "curl" } else { tool }).arg("--version").stdout(Stdio::null()).status();
    let modules = package.map(has_package);
    if is_there.is_err() || matches!(modules, Some(None)) {
        eprintln!("SKIPPED {name}: its tools are not installed");
        return None;
    }
    let mut command = Command::new(tool);
    if let Some(Some(folder)) = modules {
        command.env("NODE_PATH", folder);
    }
    Some(command)
}

/// A running example and its lines.
struct Running(Child, mpsc::Receiver<String>);

impl Running {
    fn start(mut command: Command, file: &Path, url: &str, token: &str) -> Self {
        command.arg(file).env("ENTREPOT_URL", url).env("ENTREPOT_TOKEN", token);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (tell, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self(child, lines)
    }

    /// Reads on to a line that has all of these.
    fn until(&self, name: &str, parts: &[&str]) {
        let mut heard = Vec::new();
        loop {
            match self.1.recv_timeout(Duration::from_secs(20)) {
                Ok(line) if parts.iter().all(|part| line.contains(part)) => return,
                Ok(line) => heard.push(line),
                Err(err) => panic!("{name} has not said {parts:?} ({err}): {heard:?}"),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

on_both!(the_examples_in_the_papers_work, site: Site => {
    let mut server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 500).await;
    let (till, ..) = program(&shop.client, "").await;
    let mut running = Vec::new();
    for (name, code) in examples() {
        let Some(command) = runner(&name) else { continue };
        let file = site.folder.join(&name);
        fs::write(&file, code).unwrap();
        let one = Running::start(command, &file, &server.url(), &till.token);
        one.until(&name, &["READY"]);
        running.push((name, one));
    }
    shop.adjust("while they watch", 0, 0, 1).await;
    running.iter().for_each(|(name, one)| one.until(name, &["LIVE"]));
    // The server dies; all clients get the events of that time except curl, which does not
    // reconnect.
    let address = server.address;
    server.kill();
    server = Server::start_on(site, address).await;
    shop.adjust("while they were away", 0, 0, 1).await;
    for (name, one) in running.iter().filter(|(name, _)| name != "curl.sh") {
        one.until(name, &["LIVE"]);
    }
    let names: Vec<_> = running.iter().map(|(name, _)| name).collect();
    println!("ran {names:?} at {}", server.url());
});
