//! The address of a database, without its login.

use std::{fmt, str::FromStr};

use sea_orm::sqlx::postgres::PgConnectOptions;

use crate::storage::Fault;

/// A database of a Postgres server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DatabaseAddress {
    host: String,
    port: u16,
    database: String,
}

impl DatabaseAddress {
    /// # Errors
    /// The URL is none of a Postgres.
    pub(super) fn of(url: &str) -> Result<Self, Fault> {
        let url = url.replacen("postgresql://", "postgres://", 1);
        if !url.starts_with("postgres://") {
            return Err(Fault::Broken("--read-database-url must begin with postgres://".to_owned()));
        }
        let options = PgConnectOptions::from_str(&url).map_err(|err| {
            Fault::Broken(format!("--read-database-url cannot be used: {err}; docs/OPERATIONS.md has its parameters"))
        })?;
        let host = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let database = options.get_database().unwrap_or_else(|| options.get_username()).to_owned();
        Ok(Self { host, port: options.get_port(), database })
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, database } = self;
        write!(f, "{host}:{port}/{database}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_whoever_logs_in() {
        let address = |url: &str| DatabaseAddress::of(url).map(|address| address.to_string());
        let one = address("postgres://ann:secret@db.example/entrepot?sslmode=require").unwrap();
        assert_eq!(one, "db.example:5432/entrepot");
        assert_eq!(address("postgresql://bob@db.example:5432/entrepot").unwrap(), one);
        assert_ne!(address("postgres://ann@db.example:5433/entrepot").unwrap(), one);
        assert!(address("sqlite://entrepot.sqlite").is_err());
    }
}
