//! Report of a host on itself, and the choice of the host for writes.

use std::{cmp::Reverse, io, time::Duration};

use futures_util::future::join_all;
use sea_orm::sqlx::{self, ConnectOptions, PgConnection, Row as _, postgres::PgConnectOptions};
use tokio::time::timeout;

/// Timeout of a host's login and response: longer than a healthy host of another region takes.
pub(super) const HOST_TIMEOUT: Duration = Duration::from_secs(2);

/// State of a host. Only a server that writes its timeline knows it at each moment.
const REPORT: &str = "SELECT current_setting('transaction_read_only') = 'off' AS is_writable,
    CASE WHEN pg_is_in_recovery() THEN 0
         ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint END AS timeline,
    (SELECT system_identifier FROM pg_control_system()) AS system";
const IS_WRITABLE: &str = "SELECT current_setting('transaction_read_only') = 'off'";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Report {
    pub is_writable: bool,
    /// Timeline, which grows with each promotion; 0 for a standby.
    pub timeline: i64,
    /// ID of the cluster: a standby has that of its primary.
    pub system: i64,
}

/// Response of a host.
pub(super) type Answer = Result<Report, sqlx::Error>;

/// Queries all hosts at once.
pub(super) async fn request_reports(logins: &[PgConnectOptions]) -> Vec<Answer> {
    join_all(logins.iter().map(report)).await
}

async fn report(login: &PgConnectOptions) -> Answer {
    let request = async {
        let mut connection = login.connect().await?;
        let row = sqlx::query(REPORT).fetch_one(&mut connection).await?;
        Ok::<_, sqlx::Error>(Report {
            is_writable: row.try_get("is_writable")?,
            timeline: row.try_get("timeline")?,
            system: row.try_get("system")?,
        })
    };
    timeout(HOST_TIMEOUT, request).await.unwrap_or_else(|_| Err(no_answer_error()))
}

/// Whether a host takes writes by this connection.
pub(super) async fn is_writable(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar::<sqlx::Postgres, bool>(IS_WRITABLE).persistent(false).fetch_one(connection).await
}

pub(super) fn no_answer_error() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()
}

/// Returns the host to write to, and its timeline. If several take writes, it is the one of the
/// latest timeline, which replaced the others. A host of an earlier timeline than was written to
/// before is never chosen: it is a former primary, and lacks later writes.
pub(super) fn choose_primary(reports: &[Answer], current: usize, newest: i64) -> Option<(usize, i64)> {
    let writable_hosts = reports.iter().enumerate().filter_map(|(host, report)| {
        let report = report.as_ref().ok().filter(|report| report.is_writable && report.timeline >= newest)?;
        Some((host, report.timeline))
    });
    writable_hosts.max_by_key(|(host, timeline)| (*timeline, *host == current, Reverse(*host)))
}

/// Returns the number of hosts that take writes.
pub(super) fn count_writable(reports: &[Answer]) -> usize {
    reports.iter().flatten().filter(|report| report.is_writable).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "one answer of several")]
    fn primary(timeline: i64) -> Answer {
        Ok(Report { is_writable: true, timeline, system: 7 })
    }
    #[expect(clippy::unnecessary_wraps, reason = "one answer of several")]
    fn standby() -> Answer {
        Ok(Report { is_writable: false, timeline: 0, system: 7 })
    }

    #[test]
    fn the_host_that_takes_writes_is_chosen_wherever_it_stands() {
        assert_eq!(choose_primary(&[primary(1), standby()], 0, 0), Some((0, 1)));
        assert_eq!(choose_primary(&[standby(), primary(2)], 0, 1), Some((1, 2)));
        assert_eq!(choose_primary(&[Err(no_answer_error()), standby(), primary(2)], 0, 2), Some((2, 2)));
        assert_eq!(choose_primary(&[standby(), Err(no_answer_error())], 0, 1), None, "nobody takes writes yet");
        assert_eq!(choose_primary(&[], 0, 0), None);
    }

    #[test]
    fn of_two_that_take_writes_the_one_that_was_promoted_last_is_chosen() {
        let both = [primary(2), primary(3)];
        assert_eq!(
            (choose_primary(&both, 0, 2), choose_primary(&both, 1, 3), count_writable(&both)),
            (Some((1, 3)), Some((1, 3)), 2)
        );
        let alike = [primary(2), primary(2), primary(2)];
        assert_eq!(
            (choose_primary(&alike, 0, 2), choose_primary(&alike, 2, 2)),
            (Some((0, 2)), Some((2, 2))),
            "no reason to go elsewhere"
        );
        assert_eq!(count_writable(&[standby(), Err(no_answer_error()), primary(1)]), 1);
    }

    #[test]
    fn one_that_was_given_up_is_not_written_to_while_the_other_is_away() {
        assert_eq!(choose_primary(&[primary(1), Err(no_answer_error())], 1, 2), None);
        assert_eq!(choose_primary(&[primary(3), Err(no_answer_error())], 1, 2), Some((0, 3)), "it was promoted since");
    }
}
