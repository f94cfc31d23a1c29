//! `entrepot demo`: a database, a tenant with an owner, a retailer's year through the public API, and the API served with live stock to watch.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    sync::Arc,
};

use api::schema::ValidatorBuild;
use graphql::quota::Terms;
use iam::identity::{Mailer, Settings};
use inventory::ledger::Grouping;
use jiff::civil::Date;
use platform::{clock::Clock, secrets::KeySource, storage::Database};
use services::files::FileLocation;
use tokio::{net::TcpListener, sync::watch};
use tools::replay::{self, Client, Plan, ReplayError, expect, intake, reader::RowReader};

use super::{
    database::{prepare_database, with_file_locations},
    error::DemoError,
    filled::{FillLock, SeedRecord, emails_folder, latest_first_day, sibling},
    generate,
    live::{current_day, day, run_past_forecasts, week},
    owner::{EMAIL, PASSWORD, SLUG, log_in},
    shop::{DemoSite, STAFF, Shop},
    stoppable::Stoppable,
};
use crate::{
    config::{Demo, LOCAL_ORIGINS},
    serve::{self, Node, StartError},
};

/// A day of looking around without logging in again.
const TOKEN_SECONDS: i64 = 24 * 3600;

/// Runs until stopped, or with `--exit` until the data is loaded and checked.
pub async fn run(args: Demo) -> Result<(), DemoError> {
    let (args, url) = with_file_locations(args);
    let folder = args.file.parent().map(PathBuf::from).unwrap_or_default();
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(&folder).map_err(|err| DemoError::File(folder.clone(), err))?;
    }
    let filling = FillLock::acquire(&args.file)?.ok_or_else(|| DemoError::Busy(args.file.clone()))?;
    let fresh = prepare_database(&args, &url).await?;
    let settings = demo_settings(&args, fresh)?;
    let keys = KeySource::choose(None, Some(sibling(&args.file, ".keys")), &url);
    let node = Node::open(&url, Clock::system(), settings, Grouping::Together, &keys).await?;
    if args.database_url.is_some() {
        node.files.set_location(FileLocation::Folder(sibling(&args.file, ".files")));
    }
    let listener = TcpListener::bind(args.listen).await.map_err(|err| StartError::Listen(args.listen, err))?;
    let address = listener.local_addr()?;
    let base = format!("http://{address}");
    let (stop_handle, stop_receiver) = tokio::sync::oneshot::channel::<()>();
    let (stop_sender, stopped) = watch::channel(false);
    let shutdown = async move {
        tokio::select! {
            _ = stop_receiver => {}
            () = serve::wait_for_shutdown() => {
                stop_sender.send_replace(true);
            }
        }
    };
    // The only callers are this machine's own.
    let origins = LOCAL_ORIGINS.map(str::to_owned).into_iter().chain(args.origins.clone()).collect();
    let docs = Some(serve::docs::reference_docs());
    let front = server::Settings { origins, docs, terms: Terms::unlimited(), ..server::Settings::default() };
    let (db, clock) = (node.db.clone(), node.clock.clone());
    let server = node.serve(ValidatorBuild::spawn(), listener.into(), front, std::time::Duration::ZERO, shutdown);
    let guide = async {
        let work = set_up(&args, (fresh, filling), (&db, &clock), &base, (&folder, &stopped));
        // A stop does not wait for responses that the server no longer gives.
        let fill_result = tokio::select! {
            // Polled first: work that ends because of the stop has not failed.
            biased;
            () = wait_for_stop(stopped.clone()) => Err(DemoError::Stopped),
            fill_result = work => fill_result,
        };
        match &fill_result {
            Ok(token) if !args.exit => {
                print_welcome(&args, &base, token);
                // Kept until the server ends, as dropping it stops the server.
                (fill_result, Some(stop_handle))
            }
            _ => {
                drop(stop_handle);
                (fill_result, None)
            }
        }
    };
    let (serve_result, (fill_result, _)) = tokio::join!(server, guide);
    match fill_result {
        Err(DemoError::Stopped) if !args.exit => println!("{}", DemoError::Stopped),
        other => {
            other?;
        }
    }
    Ok(serve_result?)
}

/// E-mails are files beside the database. Those of a deleted database are removed, as their
/// invitations no longer work.
fn demo_settings(args: &Demo, fresh: bool) -> Result<Settings, DemoError> {
    let emails = emails_folder(&args.file);
    if fresh
        && let Err(err) = std::fs::remove_dir_all(&emails)
        && err.kind() != std::io::ErrorKind::NotFound
    {
        return Err(DemoError::File(emails, err));
    }
    Ok(Settings {
        access_seconds: TOKEN_SECONDS,
        idle_seconds: TOKEN_SECONDS,
        mailer: Mailer::Folder(emails),
        public_url: format!("http://{}", args.listen),
        ..Settings::default()
    })
}

/// Completes on a stop, and never if no stop can be signalled any more.
async fn wait_for_stop(mut stopped: watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Sets up everything before the demo is shown; returns a token.
async fn set_up(
    args: &Demo,
    (is_new, filling): (bool, FillLock),
    (db, clock): (&Database, &Clock),
    base: &str,
    (folder, stopped): (&Path, &watch::Receiver<bool>),
) -> Result<String, DemoError> {
    let token = fill(args, (is_new, current_day(clock)), base, (folder, stopped)).await?;
    if !args.plain {
        furnish_shop(args, (db, clock), base).await?;
    }
    drop(filling);
    if args.day {
        day(db, clock, base, &token).await?;
    }
    if args.week {
        Box::pin(week(args, (db, clock), base)).await?;
    }
    Ok(token)
}

/// Logs in, creating the tenant if it does not exist, and imports the data if it is not complete;
/// returns a token. A database with other data is left alone. Complete and checked data are changed
/// by the demo's users: later starts import and check nothing.
async fn fill(
    args: &Demo,
    (is_new, today): (bool, Date),
    base: &str,
    (folder, stopped): (&Path, &watch::Receiver<bool>),
) -> Result<String, DemoError> {
    let previous = SeedRecord::read(&args.file).filter(|_| !is_new);
    // A database keeps the data with which it was begun, of any age.
    let first_day = match &previous {
        Some(previous) => previous.first_day.clone(),
        None if args.data.is_some() => None,
        None => {
            // If the record cannot be read any more, the existing data give the day on which they
            // begin.
            let existing_first_day = if is_new { None } else { latest_first_day(folder, (args.seed, args.rows)) };
            Some(existing_first_day.unwrap_or_else(|| generate::year_start_before(today).to_string()))
        }
    };
    let data = match &args.data {
        Some(path) => path.clone(),
        None => generate_data(args, folder, first_day.as_deref(), stopped.clone()).await?,
    };
    let (path, stopped) = (data.clone(), stopped.clone());
    let plan = tokio::task::spawn_blocking(move || {
        intake::plan(RowReader::open_through(&path, |reader| Box::new(Stoppable::new(reader, stopped)))?)
    });
    let plan = plan.await.map_err(|err| ReplayError::Task(err.to_string()))??;
    println!("Data      {}: {} rows, {} documents", data.display(), plan.seal.rows, plan.documents.len());
    let mut record = SeedRecord::started_record(&plan.seal.csv_sha256, first_day, args);
    match previous {
        Some(previous) if previous.csv_sha256 != record.csv_sha256 => {
            return Err(DemoError::OtherData { file: args.file.clone(), arguments: previous.arguments });
        }
        Some(previous) if previous.is_complete => {
            println!("Loaded    and checked by an earlier start; later changes are kept");
            return log_in(base).await;
        }
        _ => {}
    }
    let file_error = |err| DemoError::File(args.file.clone(), err);
    record.write(&args.file).map_err(file_error)?;
    let token = log_in(base).await?;
    load(args, &data, &plan, &Arc::new(Client::new(base, &token)?)).await?;
    record.is_complete = true;
    record.write(&args.file).map_err(file_error)?;
    Ok(token)
}

/// Sends the data, which an earlier start may have sent in part, and checks the totals.
async fn load(args: &Demo, data: &Path, plan: &Plan, client: &Arc<Client>) -> Result<(), DemoError> {
    println!("{}", replay::load(client, plan, 8).await?);
    let expected_path = data.with_file_name("expected.json");
    let load_expected =
        |path: &Path| Ok::<_, ReplayError>((expect::load(path, &plan.seal.csv_sha256)?, path.display().to_string()));
    let (expected, source_name) = match (&args.expect, &args.data) {
        (Some(path), _) => load_expected(path)?,
        (None, Some(_)) if expected_path.exists() => load_expected(&expected_path)?,
        _ => (expect::from_plan(plan), "what the file's rows come to".to_owned()),
    };
    let comparison = replay::verify(client, plan, &expected).await?;
    match comparison.differences() {
        0 => println!("Totals    every figure agrees with {source_name}, to the unit and the penny"),
        figures => {
            println!("{comparison}");
            return Err(ReplayError::Differs { figures }.into());
        }
    }
    Ok(())
}

/// Sets up the shop beside the data, once. The data's totals have been checked by then, and a later start does not check them again:
/// so nothing of the shop can enter them.
async fn furnish_shop(args: &Demo, (db, clock): (&Database, &Clock), base: &str) -> Result<(), DemoError> {
    let file_error = |err| DemoError::File(args.file.clone(), err);
    let Some(mut record) = SeedRecord::read(&args.file).filter(|record| !record.is_staffed) else { return Ok(()) };
    let recorded_day = record.shop_day.as_ref().and_then(|day| day.parse().ok());
    let today: Date = recorded_day.unwrap_or_else(|| current_day(clock));
    record.shop_day = Some(today.to_string());
    record.write(&args.file).map_err(file_error)?;
    // An invitation needs a password that was entered in the last minutes; loading the data may
    // have taken longer.
    let client = Client::new(base, &log_in(base).await?)?;
    if !record.is_furnished {
        Shop::new(&client, args.seed, today).set_up().await?;
        record.is_furnished = true;
        record.write(&args.file).map_err(file_error)?;
    }
    Box::pin(run_past_forecasts(db, clock, &client)).await?;
    let emails = emails_folder(&args.file);
    Shop::new(&client, args.seed, today).complete(&DemoSite { base, emails: &emails }).await?;
    record.is_staffed = true;
    record.write(&args.file).map_err(file_error)
}

/// The generated retailer's file, made once for each seed, size and first day, whole or not at all.
/// Without a day it is that of releases whose data had a fixed first day.
async fn generate_data(
    args: &Demo,
    folder: &Path,
    first_day: Option<&str>,
    stopped: watch::Receiver<bool>,
) -> Result<PathBuf, DemoError> {
    let day = first_day.map(|day| format!("-{day}")).unwrap_or_default();
    let path = folder.join(format!("retailer-{}-{}{day}.csv", args.seed, args.rows));
    if path.exists() {
        return Ok(path);
    }
    let rows = u32::try_from(args.rows).unwrap_or(u32::MAX);
    let defaults = generate::Settings::default();
    let first_day = first_day.and_then(|day| day.parse().ok()).unwrap_or(defaults.first_day);
    let settings = generate::Settings { seed: args.seed, rows, first_day, ..defaults };
    let (part, target) = (path.with_extension("part"), path.clone());
    let writer_task = tokio::task::spawn_blocking(move || {
        let file = Stoppable::new(File::create(&part)?, stopped);
        let result = generate::write(&settings, BufWriter::new(file)).and_then(|_| std::fs::rename(&part, &target));
        if result.is_err() {
            // The error matters more than the partial file, which the next start overwrites.
            let _ = std::fs::remove_file(&part);
        }
        result
    });
    let result = writer_task.await.map_err(|err| ReplayError::Task(err.to_string()))?;
    result.map_err(|err| DemoError::File(path.clone(), err))?;
    Ok(path)
}

fn print_welcome(args: &Demo, base: &str, token: &str) {
    let mut people = String::new();
    for employee in STAFF.iter().filter(|_| !args.plain) {
        people.push_str(&format!("\n            {} / {}   ({})", employee.email, employee.password, employee.title));
    }
    let emails = emails_folder(&args.file);
    println!(
        "
Entrepot is up.

  GraphiQL  {base}/graphql#token={token}
            (signed in as the owner; the tab \"Stock\" follows changes live: run \"Adjust\" in another window)
  Reference {base}/docs
  Login     {EMAIL} / {PASSWORD}   (tenant {SLUG}){people}
  E-mails   {}

  TOKEN={token}
  curl -s {base}/graphql -H 'content-type: application/json' -H \"authorization: Bearer $TOKEN\" \\
       -d '{{\"query\":\"{{ products(first: 3) {{ nodes {{ sku name stock {{ onHand store {{ code }} }} }} }} }}\"}}'

Stop it with Ctrl-C; the next start keeps the data.",
        emails.display()
    );
}
