//! Conversion of the operator's options to the settings of the rooms.

use std::{collections::HashSet, sync::Arc};

use api::graphql::{
    operation::Introspection,
    quota::{TenantPlans, Terms},
    session::Documents,
    trusted::{TrustedDocuments, TrustedError},
};
use iam::identity::{Mailer, Settings};
use platform::{rate_limit::Allowance, secrets::KeySource};
use server::Explorer;
use services::files::FileLocation;

use super::{StartError, docs, file_modes};
use crate::config::{EmailArgs, FileArgs, Registration, Serve};

/// Returns the settings of registration and e-mails.
pub(super) fn account_settings(args: &Serve) -> Result<Settings, StartError> {
    if args.registration == Some(Registration::Open) && args.is_publicly_reachable() {
        tracing::warn!(
            "--registration open reveals whether an address has an account: use verified where strangers can register"
        );
    }
    if args.registration == Some(Registration::Verified) && !args.emails.mail.is_configured() {
        return Err(StartError::NoLetters);
    }
    let scheme = if args.tls.files().is_some() { "https" } else { "http" };
    let emails = args.emails.settings(|| format!("{scheme}://{}", args.listen))?;
    let denied = match &args.denied_passwords {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|err| StartError::DeniedPasswords(file.clone(), err))?;
            text.lines().map(str::to_lowercase).collect()
        }
        None => HashSet::new(),
    };
    Ok(Settings {
        access_seconds: args.access_token_minutes * 60,
        registration: args.registration_mode().into(),
        denied: Arc::new(denied),
        ..emails
    })
}

/// Closes to other users of the machine what an earlier version has left open to them.
pub(super) fn remove_file_access(database_url: &str, keys: &KeySource, emails: &EmailArgs, files: &FileArgs) {
    let mut places = file_modes::embedded(database_url);
    if let KeySource::File(file) = keys {
        places.push(file.clone());
    }
    if let Mailer::Folder(folder) = &emails.mail {
        places.push(folder.clone());
    }
    if let FileLocation::Folder(folder) = files.resolve_location(database_url) {
        places.push(folder);
    }
    file_modes::remove_other_access(places.iter().map(std::path::PathBuf::as_path));
}

/// Returns the settings of the HTTP server.
pub(super) fn front_settings(args: &Serve) -> Result<server::Settings, TrustedError> {
    Ok(server::Settings {
        origins: args.origins.clone(),
        explorer: if args.graphiql { Explorer::Served } else { Explorer::Off },
        introspection: if args.introspection { Introspection::Open } else { Introspection::Closed },
        proxies: args.proxies.clone(),
        by_tls: args.emails.public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
        terms: terms(args),
        trusted: args.trusted_documents.as_deref().map(TrustedDocuments::load).transpose()?.unwrap_or_default(),
        documents: if args.only_trusted { Documents::Trusted } else { Documents::Any },
        docs: args.introspection.then(docs::reference_docs),
        ..server::Settings::default()
    })
}

/// Returns the limits on the points that operations may spend.
fn terms(args: &Serve) -> Terms {
    const QUARTER_HOUR: u32 = 15 * 60;
    Terms {
        credential: args.budget.0,
        tenant: args.tenant_budget.0,
        anonymous: args.anonymous_requests.0.map(|limit| Allowance::within(limit, QUARTER_HOUR)),
        at_once: args.tenant_operations.0.map(|limit| limit as usize),
        lifted: Arc::new(args.lift_budget.iter().copied().collect()),
        plans: TenantPlans::default(),
    }
}
