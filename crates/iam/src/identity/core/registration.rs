//! Registrations are checked field by field: addresses, names and slugs. Pure.

use super::refusal::{Field, InputRefusal, Rejection};

/// A registration: a person, and the tenant they will own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTenant {
    pub email: String,
    pub password: String,
    pub display_name: String,
    pub tenant_name: String,
    pub tenant_slug: String,
}

const NAME: usize = 255;
/// The longest address that SMTP carries (RFC 5321, 4.5.3.1.3, less the brackets).
const EMAIL: usize = 254;

/// The form under which an address is looked up. Control characters are replaced by a space, which
/// no stored address has, so such a lookup finds nothing; a database may refuse to search for the
/// character itself.
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase().replace(char::is_control, " ")
}

/// Returns all errors of a registration, in the order of its fields.
pub fn check(new: &NewTenant) -> Vec<Rejection> {
    let mut rejections: Vec<Rejection> = check_email(&new.email).into_iter().collect();
    rejections.extend(check_name(Field::DisplayName, &new.display_name));
    rejections.extend(check_name(Field::TenantName, &new.tenant_name));
    rejections.extend(check_slug(&new.tenant_slug));
    rejections
}

/// Checks an e-mail address.
pub fn check_email(email: &str) -> Option<Rejection> {
    let email = email.trim();
    let parts = email.split_once('@');
    let is_plausible = parts
        .is_some_and(|(local, domain)| !local.is_empty() && domain.len() > 2 && domain.contains('.') && !domain.contains('@'));
    if email.is_empty() {
        Some(InputRefusal::NoEmail.into())
    } else if email.len() > EMAIL {
        Some(InputRefusal::EmailTooLong { most: EMAIL }.into())
    } else if !is_plausible || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Some(InputRefusal::Email.into())
    } else {
        None
    }
}

/// Checks a tenant's slug.
pub fn check_slug(slug: &str) -> Option<Rejection> {
    if slug.trim().is_empty() {
        return Some(InputRefusal::NoSlug.into());
    }
    (!is_slug(slug)).then_some(Rejection::Input(InputRefusal::Slug))
}

/// Checks a name.
pub fn check_name(field: Field, value: &str) -> Option<Rejection> {
    if value.trim().is_empty() {
        Some(InputRefusal::NoName(field).into())
    } else if value.chars().count() > NAME {
        Some(InputRefusal::NameTooLong { field, most: NAME }.into())
    } else if value.chars().any(char::is_control) {
        Some(InputRefusal::OddName(field).into())
    } else {
        None
    }
}

fn is_slug(slug: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let has_valid_ends = slug.bytes().next().is_some_and(inner) && slug.bytes().next_back().is_some_and(inner);
    (2..=63).contains(&slug.len()) && has_valid_ends && slug.bytes().all(|b| inner(b) || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> NewTenant {
        NewTenant {
            email: "Ada@Example.com".to_owned(),
            password: "correct horse battery".to_owned(),
            display_name: "Ada".to_owned(),
            tenant_name: "Ada's Mugs".to_owned(),
            tenant_slug: "adas-mugs".to_owned(),
        }
    }

    #[test]
    fn says_everything_that_is_wrong_at_once() {
        assert_eq!(check(&good()), []);
        let bad = NewTenant { email: "ada".to_owned(), display_name: " ".to_owned(), tenant_slug: "-x".to_owned(), ..good() };
        let wrong = [InputRefusal::Email, InputRefusal::NoName(Field::DisplayName), InputRefusal::Slug];
        assert_eq!(check(&bad), wrong.map(Rejection::Input));
        let empty = NewTenant { email: " ".to_owned(), tenant_slug: String::new(), ..good() };
        assert_eq!(check(&empty), [InputRefusal::NoEmail, InputRefusal::NoSlug].map(Rejection::Input));
    }
}
