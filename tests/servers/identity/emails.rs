//! E-mails as they arrive.

/// Decodes an e-mail's quoted-printable encoding (RFC 2045, 6.7).
pub fn plain(letter: &str) -> String {
    let joined = letter.replace("=\r\n", "");
    let mut parts = joined.split('=');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(char::from(byte));
                out.push_str(&part[2..]);
            }
            None => {
                out.push('=');
                out.push_str(part);
            }
        }
    }
    out
}

/// Returns the token of the link in an e-mail.
pub fn token_in(letter: &str) -> String {
    let rest = letter.split("#token=").nth(1).unwrap_or_else(|| panic!("no link: {letter}"));
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect()
}
