//! Second factors: codes by time (RFC 6238) and codes kept for emergencies. Pure.

use totp_rs::{Builder, Totp};

/// Time limit for the second factor of a login, in seconds.
pub const CHALLENGE_SECONDS: i64 = 300;
/// Maximum codes tried in one challenge; then the password is required again.
pub const MAX_CHALLENGE_TRIES: i64 = 5;
/// Wrong codes of a user within `WRONG_CODE_WINDOW_SECONDS`, after which further codes are refused unchecked.
pub const MAX_WRONG_CODES: i64 = 5;
/// Window in which wrong codes are counted, in seconds.
pub const WRONG_CODE_WINDOW_SECONDS: i64 = 900;
/// Time limit for the first code of an enrolment, in seconds.
pub const ENROLMENT_SECONDS: i64 = 3600;
/// Backup codes in a set.
pub const BACKUP_CODE_COUNT: i64 = 10;

const ISSUER: &str = "Entrepot";
const STEP_SECONDS: u64 = 30;
/// Steps that a clock may be off, either way.
const MAX_SKEW_STEPS: u16 = 1;

/// SHA-1, six digits, thirty seconds: the parameters that every authenticator supports.
fn totp(seed: &[u8], account: &str) -> Totp {
    // A colon would end the account's name.
    let account = account.replace(':', ".");
    let builder = Builder::new().with_digits(6).with_step_duration(STEP_SECONDS).with_skew(MAX_SKEW_STEPS);
    builder.with_secret(seed.to_vec()).with_account_name(account).with_issuer(Some(ISSUER)).build_noncompliant()
}

/// Returns the `otpauth:` URI for an authenticator, sent as a link or a QR code.
pub fn otpauth_uri(seed: &[u8], account: &str) -> Option<String> {
    totp(seed, account).to_url().ok()
}

/// The time step of a code, if it is the current one or an adjacent one. Codes are compared in
/// constant time.
pub fn matching_step(seed: &[u8], code: &str, seconds: i64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = totp(seed, "").check(&code, u64::try_from(seconds).ok()?)?;
    i64::try_from(step).ok()
}

/// Letters and digits that are not mistaken for each other (Crockford's base32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `07-ABCDE-FGHJK`: the number picks the row, the rest is 50 random bits.
pub fn backup_code(number: i64, random: [u8; 10]) -> String {
    let letters: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    format!("{number:02}-{}-{}", &letters[..5], &letters[5..])
}

/// Parses a typed backup code: its number, and the code as it was printed.
pub fn read_backup_code(typed: &str) -> Option<(i64, String)> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let is_well_formed = code.len() == 12 && code.bytes().all(|byte| ALPHABET.contains(&byte));
    let number: i64 = code.get(..2).filter(|_| is_well_formed)?.parse().ok()?;
    (1..=BACKUP_CODE_COUNT).contains(&number).then(|| (number, format!("{number:02}-{}-{}", &code[2..7], &code[7..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix B of RFC 6238, cut to six digits.
    #[test]
    fn knows_the_codes_of_the_standard() {
        let seed = b"12345678901234567890";
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            assert_eq!(matching_step(seed, code, time), Some(time / 30), "{time}");
            assert_eq!(matching_step(seed, code, time + 30), Some(time / 30), "a step late");
            assert_eq!(matching_step(seed, code, time - 30), Some(time / 30), "a step early");
            assert_eq!(matching_step(seed, code, time + 60), None, "two steps late");
        }
        for junk in ["", "28708", "2870821", "28708x", "+28708", "２８７０８２"] {
            assert_eq!(matching_step(seed, junk, 59), None, "{junk}");
        }
        assert_eq!(matching_step(seed, "287 082", 59), Some(1));
    }

    #[test]
    fn authenticators_are_told_what_they_need() {
        let uri = otpauth_uri(b"12345678901234567890", "a:da@example.com").unwrap();
        assert_eq!(uri, "otpauth://totp/Entrepot:a.da%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Entrepot");
    }

    #[test]
    fn codes_for_emergencies_are_read_as_people_type_them() {
        let code = backup_code(7, [0, 10, 31, 32, 1, 2, 3, 4, 5, 255]);
        assert_eq!(code, "07-0AZ01-2345Z");
        for typed in ["07-0AZ01-2345Z", "07 0az01 2345z", "070AZ012345Z"] {
            assert_eq!(read_backup_code(typed), Some((7, code.clone())), "{typed}");
        }
        for junk in ["", "07", "00-0AZ01-2345Z", "11-0AZ01-2345Z", "07-0AZ01-2345", "07-0AZ01-2345U", "x7-0AZ01-2345Z"] {
            assert_eq!(read_backup_code(junk), None, "{junk}");
        }
    }
}
