//! Web pages that may open sockets at `entrepot demo`: those of this machine, at every port, and no others.

use std::{process::Stdio, time::Duration};

use serde_json::json;

use super::{
    client::Socket,
    server::{Site, command, free_address},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_lets_pages_of_this_machine_open_sockets() {
    let (site, listen) = (Site::empty_sqlite(), free_address().to_string());
    let mut demo = tokio::process::Command::from(command(&["demo", "--plain", "--rows", "50", "--listen", &listen]));
    let demo = demo.current_dir(&site.folder).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let _running = demo.spawn().unwrap();
    let url = format!("http://{listen}");
    let is_up = async || reqwest::get(format!("{url}/livez")).await.is_ok_and(|answer| answer.status() == 200);
    for _ in 0..600 {
        if is_up().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        for origin in [format!("http://{host}:5173"), format!("https://{host}:5173"), format!("https://{host}")] {
            let mut socket = Socket::of_page(&url, &origin).await;
            socket.say(json!({ "type": "ping" })).await;
            assert_eq!(socket.hear().await.map(|message| message["type"].clone()), Some(json!("pong")), "{origin}");
        }
    }
    for origin in ["https://localhost.evil.example", "https://shop.example", "null"] {
        assert_eq!(Socket::of_page(&url, origin).await.closing().await.0, 4401, "{origin}");
    }
}
