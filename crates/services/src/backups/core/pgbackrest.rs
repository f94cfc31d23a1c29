//! Backups of a Postgres cluster, from the output of `pgbackrest info --output=json`.

use serde::Deserialize;

/// Status codes of a healthy stanza: all is well, or there is no backup yet.
const HEALTHY_STATUSES: [i64; 2] = [0, 2];
const SECOND: i64 = 1_000_000;

/// A completed backup of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterBackup {
    /// The name of the cluster in pgBackRest's configuration.
    pub stanza: String,
    /// The number of the repository that holds it.
    pub repository: i64,
    /// As in `20261126-010002F`; the label of a differential or incremental backup begins with that
    /// of its full backup.
    pub label: String,
    /// Microseconds since 1970 UTC.
    pub started_at: i64,
    /// Microseconds since 1970 UTC.
    pub ended_at: i64,
    /// Bytes of the cluster.
    pub bytes: i64,
    /// Bytes that the backup added to the repository; `None` if pgBackRest does not report them.
    pub stored_bytes: Option<i64>,
    /// Whether pages of the cluster had wrong checksums when it was made.
    pub is_damaged: bool,
}

/// Reason to reject a list of pgBackRest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    #[error("the list of pgBackRest cannot be read: {0}. The command has to be `pgbackrest info --output=json`")]
    Unreadable(String),
    #[error("pgBackRest has no stanza. Run its `stanza-create`, or name its configuration with --config")]
    NoStanza,
    #[error("pgBackRest lists {0} stanzas, and only one is this database's. Name it with --stanza in --pgbackrest-info")]
    Several(usize),
    #[error("pgBackRest reports for the stanza {stanza}: {message}. Run its `check`")]
    Broken { stanza: String, message: String },
}

#[derive(Deserialize)]
struct Stanza {
    name: String,
    #[serde(default)]
    backup: Vec<Entry>,
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    code: i64,
    message: String,
}

#[derive(Deserialize)]
struct Entry {
    database: Option<Origin>,
    /// `None` with releases before 2.36.
    error: Option<bool>,
    info: Sizes,
    label: String,
    timestamp: Span,
}

#[derive(Deserialize)]
struct Origin {
    #[serde(rename = "repo-key")]
    repository: Option<i64>,
}

#[derive(Deserialize)]
struct Sizes {
    size: i64,
    repository: Option<Stored>,
}

#[derive(Deserialize)]
struct Stored {
    delta: Option<i64>,
}

/// Seconds since 1970 UTC.
#[derive(Deserialize)]
struct Span {
    start: i64,
    stop: i64,
}

/// Reads what the command has printed: the backups of its only stanza, in its order.
///
/// # Errors
/// It is no such list, or one of several stanzas, or the stanza is not well and has no backup.
pub fn parse_backup_list(text: &str) -> Result<Vec<ClusterBackup>, ListError> {
    let mut stanzas: Vec<Stanza> = serde_json::from_str(text).map_err(|error| ListError::Unreadable(error.to_string()))?;
    let count = stanzas.len();
    let Some(Stanza { name, backup, status }) = stanzas.pop() else { return Err(ListError::NoStanza) };
    if count > 1 {
        return Err(ListError::Several(count));
    }
    if backup.is_empty() && !HEALTHY_STATUSES.contains(&status.code) {
        return Err(ListError::Broken { stanza: name, message: status.message });
    }
    Ok(backup.into_iter().map(|entry| of(&name, entry)).collect())
}

fn of(stanza: &str, entry: Entry) -> ClusterBackup {
    ClusterBackup {
        stanza: stanza.to_owned(),
        // Older releases have a single repository.
        repository: entry.database.and_then(|origin| origin.repository).unwrap_or(1),
        label: entry.label,
        started_at: entry.timestamp.start.saturating_mul(SECOND),
        ended_at: entry.timestamp.stop.saturating_mul(SECOND),
        bytes: entry.info.size,
        stored_bytes: entry.info.repository.and_then(|stored| stored.delta),
        is_damaged: entry.error.unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output of release 2.45, with fields that are not read here.
    const TWO: &str = r#"[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"0000000100000000000000A4","min":"000000010000000000000011"}],
        "backup":[
          {"archive":{"start":"000000010000000000000011","stop":"000000010000000000000012"},"backrest":{"format":5,"version":"2.45"},
           "database":{"id":1,"repo-key":1},"error":false,"info":{"delta":5000,"repository":{"delta":900,"size":900},"size":5000},
           "label":"20261126-010002F","lsn":{"start":"0/11000028","stop":"0/12000050"},"prior":null,"reference":null,
           "timestamp":{"start":1795654802,"stop":1795655101},"type":"full"},
          {"database":{"id":1,"repo-key":2},"error":true,"info":{"delta":70,"repository":{"delta":12,"size":912},"size":5100},
           "label":"20261126-010002F_20261126-060003I","prior":"20261126-010002F","reference":["20261126-010002F"],
           "timestamp":{"start":1795672803,"stop":1795672809},"type":"incr"}],
        "cipher":"aes-256-cbc","db":[{"id":1,"repo-key":1,"system-id":7000000000000000001,"version":"15"}],"name":"shop",
        "repo":[{"cipher":"aes-256-cbc","key":1,"status":{"code":0,"message":"ok"}}],
        "status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]"#;

    #[test]
    fn backups_are_read_with_their_times_and_sizes() {
        let [full, increment]: [ClusterBackup; 2] = parse_backup_list(TWO).unwrap().try_into().unwrap();
        let wanted = ClusterBackup {
            stanza: "shop".to_owned(),
            repository: 1,
            label: "20261126-010002F".to_owned(),
            started_at: 1_795_654_802_000_000,
            ended_at: 1_795_655_101_000_000,
            bytes: 5_000,
            stored_bytes: Some(900),
            is_damaged: false,
        };
        assert_eq!(full, wanted);
        assert_eq!((increment.repository, increment.stored_bytes, increment.is_damaged), (2, Some(12), true));
    }

    #[test]
    fn what_releases_leave_out_is_not_needed() {
        let old = r#"[{"backup":[{"info":{"size":7},"label":"20200101-000000F","timestamp":{"start":1,"stop":2}}],"name":"a","status":{"code":4,"message":"different across repos"}}]"#;
        let [only]: [ClusterBackup; 1] = parse_backup_list(old).unwrap().try_into().unwrap();
        assert_eq!((only.repository, only.bytes, only.stored_bytes, only.is_damaged), (1, 7, None, false));
        assert_eq!(parse_backup_list(r#"[{"name":"b","status":{"code":2,"message":"no valid backups"}}]"#), Ok(Vec::new()));
    }

    #[test]
    fn another_database_s_backups_are_not_taken_for_this_one_s() {
        let other = r#"[{"name":"other","status":{"code":2,"message":"no valid backups"}},"#;
        assert_eq!(parse_backup_list(&TWO.replacen('[', other, 1)), Err(ListError::Several(2)));
    }

    #[test]
    fn a_stanza_that_is_not_well_is_an_error() {
        assert_eq!(parse_backup_list("[]"), Err(ListError::NoStanza));
        for text in ["", "stanza: shop", "{}", r#"[{"name":"shop"}]"#] {
            assert!(matches!(parse_backup_list(text), Err(ListError::Unreadable(_))), "{text}");
        }
        let missing = r#"[{"name":"shop","backup":[],"status":{"code":1,"message":"missing stanza path"}}]"#;
        let broken = ListError::Broken { stanza: "shop".to_owned(), message: "missing stanza path".to_owned() };
        assert_eq!(parse_backup_list(missing), Err(broken));
    }
}
