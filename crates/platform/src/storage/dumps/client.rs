//! Login of Postgres programs by the URL of a database.

use std::str::FromStr;

use sea_orm::sqlx::{
    self,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::storage::{Fault, hosts};

/// Separator of hosts, and of their ports, in libpq.
const HOST_SEPARATOR: &str = ",";

/// Environment variables that `pg_dump` and `pg_restore` read, so that none of their arguments,
/// which all users of a machine can see, has a password.
#[derive(Clone)]
pub struct ClientLogin {
    variables: Vec<(&'static str, String)>,
    database: String,
}

impl std::fmt::Debug for ClientLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ClientLogin").field(&self.database).finish()
    }
}

impl ClientLogin {
    /// # Errors
    /// The URL is that of no Postgres.
    pub fn of(url: &str) -> Result<Self, Fault> {
        let urls = hosts::split_hosts(&url.replacen("postgresql://", "postgres://", 1))?;
        let read = |url: &String| {
            let url_error = |error: sqlx::Error| Fault::Broken(format!("the database URL cannot be used: {error}"));
            PgConnectOptions::from_str(url).map_err(url_error)
        };
        let logins = urls.iter().map(read).collect::<Result<Vec<_>, Fault>>()?;
        let (Some(first), Some(text)) = (logins.first(), urls.first()) else {
            return Err(Fault::Broken("the database URL names no host".to_owned()));
        };
        let joined =
            |setting: &dyn Fn(&PgConnectOptions) -> String| logins.iter().map(setting).collect::<Vec<_>>().join(HOST_SEPARATOR);
        let database = first.get_database().unwrap_or_else(|| first.get_username()).to_owned();
        let host = |login: &PgConnectOptions| {
            login.get_socket().map_or_else(|| strip_brackets(login.get_host()).to_owned(), |path| path.display().to_string())
        };
        let mut variables = vec![
            ("PGHOST", joined(&host)),
            ("PGPORT", joined(&|login: &PgConnectOptions| login.get_port().to_string())),
            ("PGUSER", first.get_username().to_owned()),
            ("PGDATABASE", database.clone()),
            ("PGSSLMODE", mode(first.get_ssl_mode()).to_owned()),
            ("PGAPPNAME", "entrepot backup".to_owned()),
        ];
        if logins.len() > 1 {
            variables.push(("PGTARGETSESSIONATTRS", "read-write".to_owned()));
        }
        if let Some(options) = first.get_options() {
            variables.push(("PGOPTIONS", options.to_owned()));
        }
        variables.extend(credentials_of_url(text));
        Ok(Self { variables, database })
    }

    /// The variables and their values.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }
}

/// Returns an IPv6 address without its brackets.
fn strip_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

fn mode(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

/// Returns the values that sqlx reads from a URL and does not expose: the password, and the files
/// of certificates.
fn credentials_of_url(url: &str) -> Vec<(&'static str, String)> {
    let mut variables = Vec::new();
    let Some((_, rest)) = url.split_once("://") else { return variables };
    let (authority, after) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let login = authority.rsplit_once('@').map(|(login, _)| login);
    if let Some((_, password)) = login.and_then(|login| login.split_once(':')) {
        variables.push(("PGPASSWORD", percent_decode(password)));
    }
    let query = after.split_once('?').map_or("", |(_, query)| query);
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let name = match key {
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
            "sslcert" | "ssl-cert" => "PGSSLCERT",
            "sslkey" | "ssl-key" => "PGSSLKEY",
            "password" => "PGPASSWORD",
            _ => continue,
        };
        variables.push((name, percent_decode(&value.replace('+', " "))));
    }
    variables
}

/// A text without its percent signs.
fn percent_decode(text: &str) -> String {
    let (bytes, mut output, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(code) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            output.push(code);
            at += 3;
        } else {
            output.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&output).into_owned()
}

/// Returns the URL of another database of the same cluster, with the same login.
///
/// # Errors
/// The URL is that of no Postgres, or the name has other characters than a-z, 0-9 and _.
pub fn with_database(url: &str, name: &str) -> Result<String, Fault> {
    if name.is_empty() || !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        return Err(Fault::Broken(format!("{name:?} is not allowed as the name of a database")));
    }
    let (scheme, rest) = url.split_once("://").ok_or_else(|| Fault::Broken("the database URL names no Postgres".to_owned()))?;
    let (authority, after) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let query = after.split_once('?').map_or("", |(_, query)| query);
    let parameters: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("dbname=")).collect();
    let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    Ok(format!("{scheme}://{authority}/{name}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(url: &str) -> String {
        let login = ClientLogin::of(url).unwrap_or_else(|fault| panic!("{url}: {fault}"));
        login.variables().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn programs_of_postgres_log_in_as_the_url_says() {
        let one = variables("postgres://ann:s%40fe%2F@db.example:6432/shop?sslmode=verify-full&sslrootcert=/etc/ca%20s.pem");
        for part in [
            "PGHOST=db.example ",
            "PGPORT=6432 ",
            "PGUSER=ann ",
            "PGDATABASE=shop ",
            "PGSSLMODE=verify-full ",
            "PGPASSWORD=s@fe/ ",
            "PGSSLROOTCERT=/etc/ca s.pem",
        ] {
            assert!(one.contains(part), "\"{part}\" is not in {one}");
        }
        assert!(!one.contains("PGTARGETSESSIONATTRS"), "{one}");
        let several = variables("postgresql://ann@one:5432,[::1]:5433/shop?target_session_attrs=read-write");
        assert!(several.contains("PGHOST=one,::1 PGPORT=5432,5433 "), "{several}");
        assert!(several.contains("PGTARGETSESSIONATTRS=read-write") && !several.contains("PGPASSWORD"), "{several}");
        assert!(variables("postgres://ann@localhost/shop?host=/run/postgresql").contains("PGHOST=/run/postgresql "));
        assert!(!format!("{:?}", ClientLogin::of("postgres://ann:secret@db/shop").unwrap()).contains("secret"));
    }

    #[test]
    fn another_database_keeps_the_login() {
        let drill = |url: &str| with_database(url, "entrepot_drill_1").unwrap();
        assert_eq!(drill("postgres://ann:x@db:1/shop?sslmode=require"), "postgres://ann:x@db:1/entrepot_drill_1?sslmode=require");
        assert_eq!(drill("postgres://ann@a,b/shop?dbname=other"), "postgres://ann@a,b/entrepot_drill_1");
        assert_eq!(drill("postgres://db"), "postgres://db/entrepot_drill_1");
        assert!(with_database("postgres://db/shop", "a/b").is_err());
    }
}
