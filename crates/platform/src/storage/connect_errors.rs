//! Errors of the first connection to Postgres, in words for the operator.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError},
};

use super::{Fault, fault};

/// Finding of a pooler in transaction mode without the probe of `pooling`: Postgres refused the
/// first statement that a new connection prepared.
const LEFTOVER_STATEMENT: &str = "a new connection had a prepared statement of another one";

fn no_answer_fault(url: &str, err: &dyn std::fmt::Display) -> Fault {
    Fault::Broken(format!("the Postgres database {} does not answer: {err}", server_and_database(url)))
}

/// Returns the reason that the first connection was not opened: no server answers, or the server
/// names the missing part.
pub(super) fn connect_fault(url: &str, err: &DbErr) -> Fault {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = err else { return no_answer_fault(url, err) };
    let database_message = cause.as_database_error().map(DatabaseError::message).unwrap_or_default();
    match fault::error_code(err).as_deref() {
        // invalid_catalog_name
        Some("3D000") => Fault::Broken(format!(
            "there is no database at {}: {database_message}; make it first (CREATE DATABASE), then `entrepot migrate` makes its tables",
            server_and_database(url)
        )),
        // invalid_authorization_specification, invalid_password
        Some("28000" | "28P01") => Fault::Broken(format!(
            "the Postgres database {} does not let this login in: {database_message}",
            server_and_database(url)
        )),
        // duplicate_prepared_statement
        Some("42P05") => Fault::Pooled(LEFTOVER_STATEMENT),
        _ if is_certificate_v1(cause) => Fault::Broken(format!(
            "the Postgres server at {} shows a certificate of X.509 version 1, which cannot be used for TLS: issue it again as version 3 \
             (`openssl x509 -req` does so with -extfile); sslmode=disable connects without TLS, for private networks",
            server_and_database(url)
        )),
        _ if matches!(&**cause, sqlx::Error::Tls(_)) => Fault::Broken(format!(
            "no TLS with the Postgres server at {}: {cause}; docs/OPERATIONS.md has what sslmode may be",
            server_and_database(url)
        )),
        _ => no_answer_fault(url, err),
    }
}

/// Whether a TLS handshake failed because of a certificate version that rustls does not support.
/// The cause is nested some errors deep.
fn is_certificate_v1(err: &sqlx::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(err);
    while let Some(one) = cause {
        if one.to_string().contains("UnsupportedCertVersion") {
            return true;
        }
        cause = one.source();
    }
    false
}

/// Returns the server and database of a URL, without its login and options.
fn server_and_database(url: &str) -> &str {
    let url = url.split('?').next().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}
