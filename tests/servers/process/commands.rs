//! Failures that an operator meets: old databases, wrong flags, servers that are away, ports that
//! are in use.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::time::timeout;

use super::demo_shop;
use super::replay::reached;
use super::server::{Ended, Server, Site, command, entrepot, entrepot_in, free_address};

/// Empty databases of both kinds, Postgres if there is one.
async fn empty() -> Vec<Site> {
    let mut sites = vec![Site::empty_sqlite()];
    sites.extend(Site::empty_postgres().await);
    sites
}

/// An empty file, where the database is one.
fn make_file(site: &Site) {
    if site.url.starts_with("sqlite") {
        std::fs::File::create(site.folder.join("it.sqlite")).unwrap();
    }
}

async fn on(site: &Site, words: &[&str]) -> Ended {
    entrepot(&[words, &["--database-url", &site.url]].concat()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_database_is_not_served() {
    let listen = free_address().to_string();
    for site in empty().await {
        make_file(&site);
        on(&site, &["serve", "--listen", &listen]).await.assert_failed(&["behind this version", "run `entrepot migrate`"]);
        assert!(on(&site, &["migrate"]).await.out.contains("applied"));
        let again = on(&site, &["migrate"]).await;
        assert!(again.has_succeeded() && again.out.contains("up to date"), "{again:?}");
        let verified = on(&site, &["verify"]).await;
        assert!(verified.has_succeeded(), "{verified:?}");
        drop(Server::start(&site).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unmigrated_database_is_not_verified_either() {
    for site in empty().await {
        make_file(&site);
        on(&site, &["verify"]).await.assert_failed(&["entrepot migrate"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_there_is_made_by_migrating_only() {
    let site = Site::empty_sqlite();
    for words in [&["serve"][..], &["worker"], &["verify"], &["epoch"], &["keys", "list"], &["audit", "verify"]] {
        on(&site, words).await.assert_failed(&["there is no database at", "it.sqlite", "`entrepot migrate` makes one"]);
        assert_eq!(std::fs::read_dir(&site.folder).unwrap().count(), 0, "{words:?} leaves nothing behind");
    }
    for query in ["?mode=ro", "?mode=rwc"] {
        let url = format!("{}{query}", site.url);
        entrepot(&["migrate", "--database-url", &url]).await.assert_failed(&["a path and nothing after it", query]);
    }
    assert!(on(&site, &["migrate"]).await.has_succeeded());
    assert!(on(&site, &["verify"]).await.has_succeeded());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_others_is_not_migrated() {
    for site in empty().await {
        make_file(&site);
        site.run_sql("CREATE TABLE product (id integer)").await;
        on(&site, &["migrate"]).await.assert_failed(&["another application", "a table product", "a database of its own"]);
        site.run_sql("DROP TABLE product").await;
        assert!(on(&site, &["migrate"]).await.has_succeeded(), "nothing was left behind");
    }
}

#[tokio::test]
async fn what_is_missing_on_a_server_that_answers_is_said() {
    let Some(site) = Site::postgres().await else { return };
    let (server, _) = site.url.rsplit_once('/').unwrap();
    let nowhere = entrepot(&["migrate", "--database-url", &format!("{server}/nosuchdb")]).await;
    nowhere.assert_failed(&["there is no database at", "nosuchdb", "CREATE DATABASE"]);
    let (_, place) = site.url.rsplit_once('@').unwrap();
    let stranger = entrepot(&["migrate", "--database-url", &format!("postgres://nosuchlogin@{place}")]).await;
    stranger.assert_failed(&["does not let this login in", "nosuchlogin"]);
    for ended in [nowhere, stranger] {
        assert!(!ended.err.contains("does not answer"), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_database_is_not_touched() {
    for site in empty().await {
        assert!(on(&site, &["migrate"]).await.has_succeeded());
        site.run_sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 0)").await;
        on(&site, &["migrate"]).await.assert_failed(&["a newer Entrepot", "m9999_tomorrow", "use that version or a later one"]);
        // A migration that only adds does not stop the other commands (`versions.rs`); this one
        // does.
        site.run_sql("UPDATE schema_compatibility SET needs = 'm9999_tomorrow'").await;
        for subcommand in ["serve", "worker", "migrate", "verify"] {
            on(&site, &[subcommand]).await.assert_failed(&[
                "a newer Entrepot",
                "m9999_tomorrow",
                "use that version or a later one",
            ]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_may_migrate_at_once() {
    for site in empty().await {
        let migrate = || on(&site, &["migrate"]);
        let (one, two, three, four) = tokio::join!(migrate(), migrate(), migrate(), migrate());
        for ended in [one, two, three, four] {
            assert!(ended.has_succeeded(), "{ended:?}");
        }
        drop(Server::start(&site).await);
    }
}

#[tokio::test]
async fn flags_are_explained() {
    for words in [
        &[][..],
        &["serve"],
        &["migrate"],
        &["demo"],
        &["replay"],
        &["verify"],
        &["schema"],
        &["schema", "diff"],
        &["schema", "examples"],
        &["keys", "rotate"],
        &["keys", "abandon"],
        &["audit", "verify"],
        &["tenant", "export"],
        &["doctor"],
        &["health"],
        &["version"],
        &["sessions", "end"],
        &["job", "drop"],
        &["partitions", "archive"],
    ] {
        let output = entrepot(&[words, &["--help"]].concat()).await;
        assert!(output.has_succeeded() && output.out.contains("Usage: entrepot"), "{output:?}");
    }
    let version = entrepot(&["--version"]).await;
    assert!(version.has_succeeded() && version.out.starts_with("entrepot "), "{version:?}");
    for words in [
        &["--nonsense"][..],
        &["nonsense"],
        &[],
        &["serve", "--listen", "nowhere"],
        &["serve", "--access-token-minutes", "0"],
        &["serve", "--budget", "plenty"],
        &["serve", "--tenant-budget", "0/1"],
        &["serve", "--anonymous-requests", "0"],
        &["serve", "--replica-staleness", "0"],
        &["serve", "--lift-budget", "prd_01h455vb4pex5vsknk084sn02q"],
        &["serve", "--origin", "*"],
        &["serve", "--origin", "https://shop.example/"],
        &["serve", "--only-trusted"],
        &["replay"],
        &["replay", "a.csv", "--token", "t", "--parallel", "0"],
    ] {
        let output = entrepot(words).await;
        assert_eq!(output.code, Some(2), "{words:?}: {output:?}");
        output.assert_failed(&["--help"]);
    }
    let schema = entrepot(&["schema"]).await;
    assert!(schema.has_succeeded() && schema.out.contains("type Mutation"));
    let examples = entrepot(&["schema", "examples"]).await;
    assert!(examples.has_succeeded() && examples.out.contains("\n\nmutation OrderCreate("), "{examples:?}");
}

#[test]
fn whoever_reads_the_schema_may_stop() {
    let mut child = command(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said() {
    let nobody = free_address();
    let url = format!("postgres://postgres:a-secret@{nobody}/entrepot");
    for subcommand in ["serve", "migrate", "verify"] {
        let output = entrepot(&[subcommand, "--database-url", &url]).await;
        output.assert_failed(&["entrepot: the Postgres database", &nobody.to_string(), "does not answer"]);
        assert!(!output.err.contains("a-secret"), "a password is shown: {output:?}");
    }
    for (url, says) in [
        ("mysql://localhost/x", "must begin with sqlite: or postgres:"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite::memory:", "SQLite needs a file"),
        ("sqlite:///no/such/folder/x.sqlite", "/no/such/folder/x.sqlite"),
    ] {
        entrepot(&["migrate", "--database-url", url]).await.assert_failed(&[says]);
    }
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_said() {
    let site = Site::sqlite().await;
    let list = site.folder.join("documents.json");
    std::fs::write(&list, r#"{"abc":"{ viewer { tenant { id } } }"}"#).unwrap();
    let list = list.display().to_string();
    on(&site, &["serve", "--trusted-documents", &list]).await.assert_failed(&[&list, "is not the SHA-256"]);
    on(&site, &["serve", "--trusted-documents", "nowhere"]).await.assert_failed(&["nowhere"]);
    on(&site, &["serve", "--redis-url", "nowhere"]).await.assert_failed(&["redis://"]);
    for (proxies, says) in [
        ("10.0.0.1/8", "write 10.0.0.0/8"),
        ("192.0.2.7,fd00::1/8", "write fd00::/8"),
        ("0.0.0.0/0", "holds every client"),
        ("::/0", "holds every client"),
        ("proxy.example", "as in 192.0.2.7, 10.0.0.0/8 or fd00::/8"),
    ] {
        on(&site, &["serve", "--proxy", proxies]).await.assert_failed(&["--proxy", says]);
    }
    // A file where a folder should be.
    let place = format!("file:{list}");
    for subcommand in ["serve", "worker"] {
        on(&site, &[subcommand, "--files", &place]).await.assert_failed(&["--files", &list]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_said() {
    let site = Site::sqlite().await;
    let server = Server::start(&site).await;
    let listen = server.address.to_string();
    on(&site, &["serve", "--listen", &listen]).await.assert_failed(&["cannot listen on", &listen]);
    let demo = entrepot_in(&site.folder, &["demo", "--exit", "--rows", "50", "--listen", &listen]).await;
    demo.assert_failed(&["cannot listen on", &listen]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database_is_said() {
    let site = Site::empty_sqlite();
    std::fs::write(site.folder.join("it.sqlite"), "this is a shopping list, not a database, and it is long enough to see that")
        .unwrap();
    for subcommand in ["migrate", "serve", "verify"] {
        on(&site, &[subcommand]).await.assert_failed(&["it.sqlite"]);
    }
}

async fn demo(folder: &Path) -> Ended {
    entrepot_in(folder, &["demo", "--exit", "--plain", "--rows", "2000", "--listen", "127.0.0.1:0"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_demo_keeps_the_data() {
    let site = Site::empty_sqlite();
    let first = demo(&site.folder).await;
    assert!(first.has_succeeded() && first.out.contains("(new)") && first.out.contains("every figure agrees"), "{first:?}");
    let second = demo(&site.folder).await;
    assert!(second.has_succeeded() && second.out.contains("kept from an earlier start"), "{second:?}");
    assert!(second.out.contains("by an earlier start") && !second.out.contains("documents sent"), "{second:?}");
    // A start that was killed before all data was there and checked is resumed.
    let record = site.folder.join(".entrepot/demo.sqlite.filled.json");
    let text = std::fs::read_to_string(&record).unwrap().replace("true", "false");
    std::fs::write(&record, text).unwrap();
    let third = demo(&site.folder).await;
    assert!(third.has_succeeded() && third.out.contains("every figure agrees"), "{third:?}");
    let line = third.out.lines().find(|line| line.contains("documents sent")).unwrap();
    let sent = line.split(' ').next().unwrap();
    assert!(line.contains(&format!("({sent} already there)")), "{line}");
    let url = format!("sqlite://{}", site.folder.join(".entrepot/demo.sqlite").display());
    let verified = entrepot(&["verify", "--database-url", &url]).await;
    assert!(verified.has_succeeded(), "{verified:?}");
    let words = ["demo", "--exit", "--rows", "600", "--file", "it.sqlite", "--listen", "127.0.0.1:0"];
    let shop = entrepot_in(&site.folder, &words).await;
    assert!(shop.has_succeeded() && shop.out.contains("\n  watches "), "{shop:?}");
    // Data that the demo created once is not created again, even if a start ended just before it
    // recorded that all was created.
    let record = site.folder.join("it.sqlite.filled.json");
    let noted = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, noted.replace("\"is_staffed\":true", "\"is_staffed\":false")).unwrap();
    let again = entrepot_in(&site.folder, &words).await;
    assert!(again.has_succeeded() && again.out.contains("\n  pictures ") && !again.out.contains("\n  watches "), "{again:?}");
    let third = entrepot_in(&site.folder, &words).await;
    assert!(third.has_succeeded() && !third.out.contains("\n  pictures "), "{third:?}");
    let server = Server::start(&site).await;
    demo_shop::is_there(&server).await;
    drop(server);
    site.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_demo_fills_a_file_at_a_time() {
    let site = Site::empty_sqlite();
    let (one, two) = tokio::join!(demo(&site.folder), demo(&site.folder));
    let (filled, other) = if one.has_succeeded() { (one, two) } else { (two, one) };
    assert!(filled.has_succeeded(), "{filled:?}");
    other.assert_failed(&["another demo is filling", "--file"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_that_is_stopped_while_it_fills_ends_at_once_and_goes_on_later() {
    let site = Site::empty_sqlite();
    let words = ["demo", "--exit", "--plain", "--rows", "5000", "--listen", "127.0.0.1:0"];
    let mut demo = command(&words);
    let mut child = demo.current_dir(&site.folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(reached(child.stdout.take().unwrap(), 5).await);
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ending = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let ended = timeout(Duration::from_secs(15), ending).await.expect("it ends at once").unwrap();
    let reported_stderr = String::from_utf8(ended.stderr).unwrap();
    assert!(reported_stderr.contains("stopped before all data were loaded; the next start continues"), "{reported_stderr}");
    let again = entrepot_in(&site.folder, &words).await;
    assert!(again.has_succeeded() && again.out.contains("every figure agrees with what the file's rows come to"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_that_is_stopped_while_it_makes_its_data_ends_at_once_and_leaves_no_half_of_them() {
    let (site, address) = (Site::empty_sqlite(), free_address());
    let mut demo = command(&["demo", "--exit", "--rows", "10000000", "--listen", &address.to_string()]);
    let mut child = demo.current_dir(&site.folder).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // The day on which its data begin is in the file's name.
    let files_with = |ending: &str| {
        let files = std::fs::read_dir(site.folder.join(".entrepot")).into_iter().flatten().flatten();
        let mut names = files.filter_map(|file| file.file_name().into_string().ok());
        names.any(|name| name.starts_with("retailer-1-10000000-") && name.ends_with(&format!(".{ending}")))
    };
    let is_up = async || reqwest::get(format!("http://{address}/livez")).await.is_ok_and(|answer| answer.status() == 200);
    for _ in 0..600 {
        if files_with("part") && is_up().await {
            break;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(files_with("part") && !files_with("csv"), "it was not stopped while it made them");
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ending = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let ended = timeout(Duration::from_secs(5), ending).await.expect("it ends at once").unwrap();
    let reported_stderr = String::from_utf8(ended.stderr).unwrap();
    assert!(reported_stderr.contains("stopped before all data were loaded"), "{reported_stderr}");
    assert!(!files_with("part") && !files_with("csv"), "half of the data were left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_lived_and_the_books_hold_after_it() {
    let site = Site::empty_sqlite();
    let demo = async |words: &[&str]| {
        entrepot_in(&site.folder, &[&["demo", "--exit", "--plain", "--listen", "127.0.0.1:0"][..], words].concat()).await
    };
    let day = demo(&["--day", "--rows", "50"]).await;
    assert!(day.has_succeeded() && day.out.contains("invariants hold"), "{day:?}");
    for step in ["opens", "makes", "alerts", "fills", "closes"] {
        assert!(day.out.contains(&format!("\n  {step} ")), "{step} is not in {day:?}");
    }
    // Nothing is as it was loaded any more, and it starts all the same; another day may follow.
    for words in [&["--rows", "50"][..], &["--rows", "50", "--day"]] {
        let again = demo(words).await;
        assert!(again.has_succeeded() && again.out.contains("by an earlier start"), "{again:?}");
    }
    let week = demo(&["--rows", "50", "--week"]).await;
    assert!(week.has_succeeded() && week.out.contains("invariants hold"), "{week:?}");
    for step in
        ["orders", "rejects", "ships", "collects", "bills", "takes back", "credits", "revises", "reverses", "transfers", "counts"]
    {
        assert!(week.out.contains(&format!("\n  {step} ")), "{step} is not in {week:?}");
    }
    assert_eq!(week.out.matches("\n  refuses ").count(), 8, "{week:?}");
    // Other data would be refused half-way: nothing of them is sent.
    for words in [&["--rows", "60"][..], &["--rows", "50", "--seed", "2"], &[]] {
        let other = demo(words).await;
        other.assert_failed(&["demo.sqlite", "--rows 50 --seed 1", "--data", "--file"]);
        assert!(!other.out.contains("documents sent"), "{other:?}");
    }
    let elsewhere = demo(&["--rows", "60", "--file", "elsewhere.sqlite"]).await;
    assert!(elsewhere.has_succeeded() && elsewhere.out.contains("(new)"), "{elsewhere:?}");
}

/// The exit of a server after a request to stop.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_stop_ends_well() {
    let site = Site::sqlite().await;
    let args = ["serve", "--database-url", &site.url, "--listen", "127.0.0.1:0"];
    for signal in ["-TERM", "-INT"] {
        let mut child = tokio::process::Command::from(command(&args));
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let pid = child.id().unwrap().to_string();
        let kill_status = tokio::process::Command::new("kill").args([signal, &pid]).status().await.unwrap();
        assert!(kill_status.success());
        let status = timeout(Duration::from_secs(10), child.wait()).await.expect("an end in time").unwrap();
        assert_eq!(status.code(), Some(0), "{signal}: {status}");
    }
}
