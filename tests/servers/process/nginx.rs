//! `deploy/nginx.conf` in front of a node: the proxy passes on everything that nodes accept.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use super::server::{Server, Site, free_address};
use crate::world::on_both;

const CONFIG: &str = include_str!("../../../deploy/nginx.conf");
const CREATE: &str = "mutation($input: FileUploadCreateInput!) { result: fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code message } } }";

/// nginx with the shipped configuration, and other addresses.
struct Nginx(Child, SocketAddr);

impl Nginx {
    /// `None`, with a message, if the program is not installed; on CI that is a failure.
    async fn before(node: &Server, site: &Site) -> Option<Self> {
        let (address, folder) = (free_address(), site.folder.join("nginx"));
        fs::create_dir_all(&folder).unwrap();
        let (head, rest) = CONFIG.split_once("# NODES\n").unwrap();
        let (_, rest) = rest.split_once("# NODES END").unwrap();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("  {kind}_temp_path {};\n", folder.join(kind).display()))
            .concat();
        let config = format!("{head}server {};\n{rest}", node.address)
            .replace("listen 8080; # LISTEN", &format!("listen {address};"))
            .replace("http {\n", &format!("http {{\n{temporary}"));
        let log = folder.join("error.log");
        let own =
            format!("daemon off; master_process off; pid {}; error_log {} warn;\n", folder.join("pid").display(), log.display());
        let file = folder.join("nginx.conf");
        fs::write(&file, own + config.as_str()).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-e").arg(&log).arg("-c").arg(&file).arg("-p").arg(&folder);
        let Ok(child) = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI has nginx");
            eprintln!("SKIPPED: nginx is not installed");
            return None;
        };
        let (nginx, started_at) = (Self(child, address), Instant::now());
        while TcpStream::connect(address).await.is_err() {
            let reported_log = fs::read_to_string(&log).unwrap_or_default();
            assert!(started_at.elapsed() < Duration::from_secs(10), "nginx does not answer: {reported_log}");
            sleep(Duration::from_millis(20)).await;
        }
        Some(nginx)
    }
    fn url(&self) -> String {
        format!("http://{}", self.1)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

on_both!(files_larger_than_an_operation_pass_through_nginx, site: Site => {
    let place = format!("file:{}", site.folder.join("files").display());
    let node = Server::start_with(site, free_address(), &["--files", &place, "--proxy", "127.0.0.1", "--registration", "open"]).await;
    let Some(nginx) = Nginx::before(&node, site).await else { return };
    let (shop, http) = (node.tenant().await.at(&nginx.url()), reqwest::Client::new());
    let payload = shop.must_mutate(CREATE, json!({ "purpose": "IMPORT", "name": "large.csv" })).await;
    let large = "sku,name\n".repeat(2 << 20);
    let sent = http.put(format!("{}{}", nginx.url(), payload["uploadUrl"].as_str().unwrap())).body(large.clone()).send().await.unwrap();
    assert_eq!(sent.status(), 200, "18 MiB");
    let query = "query($id: ID!) { node(id: $id) { ... on File { state size downloadUrl } } }";
    let file = shop.execute(query, json!({ "id": payload["file"]["id"] })).await["node"].take();
    assert_eq!(json!([file["state"], file["size"]]), json!(["READY", large.len()]));
    let fetched = http.get(format!("{}{}", nginx.url(), file["downloadUrl"].as_str().unwrap())).send().await.unwrap();
    assert!(fetched.text().await.unwrap() == large, "other bytes than were sent");
    let refused = http.post(format!("{}/graphql", nginx.url())).header("content-type", "application/json").body(large).send().await.unwrap();
    assert_eq!(refused.status(), 413, "an operation is at most 1 MiB, here as at the node");
});
