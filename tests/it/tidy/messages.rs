//! Errors of the log have literal messages: they leave for the operator's error tracker, where no value may be (`docs/decisions/0224-error-reports.md`).

use std::fs;

use syn::{
    Ident, LitStr, Macro, Token,
    parse::ParseStream,
    visit::{self, Visit},
};

use super::{no_faults, sources};

/// Exempt file: it logs why a start failed, when no report is taken any more.
const LOGGED_ONLY: &str = "cli/logs.rs";

/// Whether a field is named as the message is: both would be the event's `message`.
fn is_message(field: ParseStream<'_>) -> syn::Result<bool> {
    let ahead = field.fork();
    ahead.parse::<Option<Token![%]>>()?;
    ahead.parse::<Option<Token![?]>>()?;
    Ok(ahead.parse::<Ident>().is_ok_and(|name| name == "message") && !ahead.peek(Token![.]))
}

/// The message of an event of `tracing`: its first argument that is only a text; None if it has no
/// such argument.
fn message(tokens: ParseStream<'_>) -> syn::Result<Option<String>> {
    let (mut found, mut begins) = (None, true);
    while !tokens.is_empty() {
        if begins && tokens.peek(LitStr) {
            let text = tokens.parse::<LitStr>()?.value();
            if found.is_none() && (tokens.is_empty() || tokens.peek(Token![,])) {
                found = Some(text);
            }
            begins = false;
            continue;
        }
        if begins && is_message(tokens)? {
            return Err(tokens.error("a field of an error is named message"));
        }
        begins = tokens.peek(Token![,]);
        tokens
            .step(|cursor| cursor.token_tree().map(|(_, rest)| ((), rest)).ok_or_else(|| cursor.error("a token is expected")))?;
    }
    Ok(found)
}

#[derive(Default)]
struct Errors {
    seen: usize,
    faults: Vec<String>,
}

impl<'a> Visit<'a> for Errors {
    fn visit_macro(&mut self, item: &'a Macro) {
        let path: Vec<String> = item.path.segments.iter().map(|part| part.ident.to_string()).collect();
        if path == ["tracing", "error"] {
            self.seen += 1;
            match item.parse_body_with(message) {
                Ok(Some(text)) if !text.contains('{') => {}
                Ok(Some(text)) => self.faults.push(format!("an error says a value: {text}")),
                Ok(None) => self.faults.push("an error has no literal message".to_owned()),
                Err(odd) => self.faults.push(odd.to_string()),
            }
        } else if path == ["error"] || path == ["tracing", "event"] || item.tokens.to_string().contains("tracing :: error") {
            self.faults.push(format!("an error in {}!, not by tracing::error! itself, is not looked at", path.join("::")));
        }
        visit::visit_macro(self, item);
    }
}

fn errors(text: &str) -> Errors {
    let mut errors = Errors::default();
    errors.visit_file(&syn::parse_file(text).unwrap());
    errors
}

#[test]
fn errors_of_the_log_have_literal_messages() {
    let (mut faults, mut checked_count) = (Vec::new(), 0);
    for (file, path) in sources().into_iter().filter(|(file, _)| file != LOGGED_ONLY) {
        let errors = errors(&fs::read_to_string(path).unwrap());
        checked_count += errors.seen;
        faults.extend(errors.faults.into_iter().map(|fault| format!("{file}: {fault}")));
    }
    assert!(checked_count > 20, "the errors were not found: {checked_count}");
    no_faults(&faults);
}

#[test]
fn a_message_with_a_value_is_found() {
    let fine =
        "fn f() { tracing::error!(a = g(\"{x}\"), b = %err.message, \"it failed\"); tracing::error!(target: \"t\", \"so\"); }";
    let found = errors(fine);
    assert_eq!((found.seen, found.faults), (2, Vec::new()));
    for odd in [
        "tracing::error!(\"{err}\")",
        "tracing::error!(%err, \"it failed: {}\", err)",
        "tracing::error!(%err)",
        "tracing::error!(%err, message = %err.message, \"it failed\")",
        "tracing::error!(?message, \"it failed\")",
        "tracing::event!(Level::ERROR, \"it failed\")",
        "error!(\"it failed\")",
        "tokio::select! { _ = a => tracing::error!(\"it failed\") }",
    ] {
        assert_eq!(errors(&format!("fn f() {{ {odd}; }}")).faults.len(), 1, "{odd}");
    }
}
