//! URLs with several hosts in libpq's form:
//! `postgres://login@one:5432,two:5433/database?target_session_attrs=read-write`.

use crate::storage::Fault;

const ATTRIBUTE: &str = "target_session_attrs";
/// Parameters that would name one host for all.
const HOST_PARAMETERS: [&str; 3] = ["host", "hostaddr", "port"];

/// Returns a URL for each host, in their order; for a single host the URL itself.
///
/// # Errors
/// The hosts cannot be those of one database that takes writes.
pub(in crate::storage) fn split_hosts(url: &str) -> Result<Vec<String>, Fault> {
    let Some((scheme, rest)) = url.split_once("://") else { return Ok(vec![url.to_owned()]) };
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (login, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let hosts: Vec<&str> = hosts.split(',').collect();
    let rest = without_attribute(rest, hosts.len())?;
    if hosts.len() > 1 && hosts.iter().any(|host| host.is_empty() || host.starts_with(':')) {
        return Err(Fault::Broken("the database URL has a comma with no host before or after it".to_owned()));
    }
    Ok(hosts.iter().map(|host| format!("{scheme}://{login}{host}{rest}")).collect())
}

/// Returns the part of the URL after the hosts, without the parameter that sqlx does not know.
fn without_attribute(location: &str, hosts: usize) -> Result<String, Fault> {
    let Some((path, query)) = location.split_once('?') else { return Ok(location.to_owned()) };
    let mut parameters = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some((ATTRIBUTE, "read-write" | "primary")) => {}
            Some((ATTRIBUTE, "any")) if hosts == 1 => {}
            Some((ATTRIBUTE, other)) => {
                return Err(Fault::Broken(format!(
                    "the database URL has target_session_attrs={other}: it may be read-write, or left out; \
                     --read-database-url names servers that are only read from"
                )));
            }
            Some((key, _)) if hosts > 1 && HOST_PARAMETERS.contains(&key) => {
                return Err(Fault::Broken(format!(
                    "the database URL has several hosts and the parameter {key}: name each host and its port before the database"
                )));
            }
            _ => parameters.push(pair),
        }
    }
    Ok(if parameters.is_empty() { path.to_owned() } else { format!("{path}?{}", parameters.join("&")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Vec<String> {
        split_hosts(url).unwrap_or_else(|fault| panic!("{url}: {fault}"))
    }

    #[test]
    fn one_host_stays_as_it_is() {
        for url in [
            "postgres://ann:secret@db.example:5432/shop?sslmode=require&options[work_mem]=8MB",
            "postgres://ann:a,b@db/shop",
            "postgres:///shop?host=/run/postgresql",
            "postgres://[::1]:5432/shop",
            "postgres://db",
        ] {
            assert_eq!(of(url), [url]);
        }
        assert_eq!(of("postgres://db/shop?target_session_attrs=read-write"), ["postgres://db/shop"]);
        assert_eq!(of("postgres://db/shop?target_session_attrs=any&sslmode=prefer"), ["postgres://db/shop?sslmode=prefer"]);
    }

    #[test]
    fn several_hosts_share_login_database_and_parameters() {
        assert_eq!(
            of("postgres://ann:secret@one:5432,two:5433/shop?target_session_attrs=read-write&sslmode=require"),
            ["postgres://ann:secret@one:5432/shop?sslmode=require", "postgres://ann:secret@two:5433/shop?sslmode=require"]
        );
        assert_eq!(of("postgres://a,b@[::1]:1,two/shop"), ["postgres://a,b@[::1]:1/shop", "postgres://a,b@two/shop"]);
    }

    #[test]
    fn what_names_no_writable_host_is_refused() {
        for (url, part) in [
            ("postgres://one,two/shop?target_session_attrs=any", "target_session_attrs=any"),
            ("postgres://one/shop?target_session_attrs=standby", "--read-database-url"),
            ("postgres://one,/shop", "no host"),
            ("postgres://,two/shop", "no host"),
            ("postgres://one,:5433/shop", "no host"),
            ("postgres://one,two/shop?port=5433", "parameter port"),
            ("postgres://one,two/shop?host=/run/postgresql", "parameter host"),
        ] {
            let refused = split_hosts(url).unwrap_err().to_string();
            assert!(refused.contains(part), "{url}: {refused}");
        }
    }
}
