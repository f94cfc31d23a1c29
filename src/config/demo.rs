//! Settings of the demo.

use std::net::SocketAddr;

use clap::Args;

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct Demo {
    /// File of the demo's database. A second start keeps the data.
    #[arg(long, env = "ENTREPOT_DEMO_DATABASE", default_value = ".entrepot/demo.sqlite")]
    pub file: std::path::PathBuf,
    /// A Postgres database of its own to use instead, as in postgres://user:password@host/entrepot_demo: empty at the first start. Its keys,
    /// e-mails and files are then next to where `--file` would be, with the ending .postgres.
    #[arg(long, value_parser = postgres)]
    pub database_url: Option<String>,
    /// A retailer's file (.csv, .csv.gz, .csv.zst) to replay instead of a generated one.
    #[arg(long, env = "ENTREPOT_DEMO_DATA")]
    pub data: Option<std::path::PathBuf>,
    /// Totals to compare with: expected.json beside the data file when not given.
    #[arg(long)]
    pub expect: Option<std::path::PathBuf>,
    /// Rows to generate.
    #[arg(long, default_value_t = 20_000)]
    pub rows: u64,
    /// Seed of the generated retailer.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Address to listen on.
    #[arg(long, env = "ENTREPOT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Web pages that may call the API beside those of this machine, on whatever port: https://shop.example
    #[arg(long = "origin", env = "ENTREPOT_ORIGINS", value_delimiter = ',', value_parser = super::origins::parse_origin)]
    pub origins: Vec<String>,
    /// Only the retailer's data, without the depot and the three shops that are set up beside them.
    #[arg(long)]
    pub plain: bool,
    /// Then have a day of a shop and its depot through the API: buy, transfer, sell, take back, make kits, run
    /// out, fill, recall, count, close; and prove the database.
    #[arg(long)]
    pub day: bool,
    /// Then have a week of a depot and three shops through the API, each step by a member with rights in that store or for that work
    /// alone: order, edit, pick, ship, collect, pay, take back, reverse, transfer, revise, count; and prove the database.
    #[arg(long)]
    pub week: bool,
    /// Stop when the data is loaded and checked, instead of going on to serve.
    #[arg(long)]
    pub exit: bool,
}

/// A URL of Postgres: a file has a name, and no URL.
fn postgres(url: &str) -> Result<String, &'static str> {
    let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    if is_postgres { Ok(url.to_owned()) } else { Err("a URL of Postgres is expected, postgres://…; --file names a file") }
}
