//! The written list of exceptions: mutations without an idempotency key, without a dry run, and answers that a dry run cannot give in full. Each has its
//! reason. A mutation that is on no list has both, and is called by `mod.rs`.

/// A mutation and the reason.
pub type Exception = (&'static str, &'static str);

/// A secret from the caller (a password, a code, a token) is accepted once: it is its own proof,
/// and no answer with tokens is kept.
const OWN_PROOF: &str = "what is shown is good once, and no answer with tokens is kept";
/// The input names the final state: a second call changes nothing.
const SAYS_THE_END: &str = "it says how things are to be: a second call changes nothing, or is refused by the state";

/// Without an idempotency key.
pub const NO_KEY: &[Exception] = &[
    ("backupCodesRegenerate", OWN_PROOF),
    ("emailVerificationRequest", SAYS_THE_END),
    ("emailVerify", OWN_PROOF),
    ("invitationAccept", OWN_PROOF),
    ("login", OWN_PROOF),
    ("logout", OWN_PROOF),
    ("memberMfaReset", OWN_PROOF),
    ("mfaVerify", OWN_PROOF),
    ("passwordChange", OWN_PROOF),
    ("passwordReset", OWN_PROOF),
    ("passwordResetRequest", OWN_PROOF),
    ("reauthenticate", OWN_PROOF),
    ("register", "the short name of the tenant is unique: a second call is refused"),
    ("sessionRefresh", OWN_PROOF),
    ("sessionRename", SAYS_THE_END),
    ("sessionRevoke", SAYS_THE_END),
    ("sessionRevokeOthers", SAYS_THE_END),
    ("tenantLeave", SAYS_THE_END),
    ("tenantSwitch", OWN_PROOF),
    ("totpConfirm", OWN_PROOF),
    ("totpEnrol", OWN_PROOF),
    ("totpRemove", SAYS_THE_END),
];

/// A second call is refused as DUPLICATE: the name that the client chooses is unique.
const HAS_A_NAME: &str = "its code, key, SKU, slug or address is unique: a second call without a key is refused";
/// These mutations existed before their key; clients that send none must continue to work
/// (`docs/versioning.md`).
const CAME_LATER: &str =
    "the key came after the mutation, and a field that is required now breaks clients that know only the earlier schema";

/// Mutations that create something and have an optional key. No new ones: a new mutation that
/// creates something has a required key.
pub const MAKES_WITHOUT_KEY: &[Exception] = &[
    ("apiKeyCreate", CAME_LATER),
    ("apiKeyRoll", CAME_LATER),
    ("categoryCreate", HAS_A_NAME),
    ("channelCreate", HAS_A_NAME),
    ("customerCreate", CAME_LATER),
    ("fileUploadCreate", CAME_LATER),
    ("integrationCreate", CAME_LATER),
    ("memberInvite", HAS_A_NAME),
    ("productCreate", HAS_A_NAME),
    ("productFamilyCreate", CAME_LATER),
    ("productLabelSheetCreate", CAME_LATER),
    ("roleCreate", HAS_A_NAME),
    ("sandboxCreate", HAS_A_NAME),
    ("storeCreate", HAS_A_NAME),
    ("storeGroupCreate", HAS_A_NAME),
    ("supplierCreate", HAS_A_NAME),
    ("webhookEndpointCreate", CAME_LATER),
];

/// About who is signed in, or how: no business data.
const OF_ACCOUNTS: &str = "it is about how somebody signs in, and changes no business data";
/// The mutation starts or ends a background job.
const A_JOB: &str = "it begins or ends a job beside the requests; what the job writes has a dry run of its own";

/// Without `validateOnly`.
pub const NO_DRY_RUN: &[Exception] = &[
    ("backupCodesRegenerate", OF_ACCOUNTS),
    ("bulkOperationRun", A_JOB),
    ("emailVerificationRequest", OF_ACCOUNTS),
    ("emailVerify", OF_ACCOUNTS),
    ("dataJobCancel", A_JOB),
    ("exportCreate", A_JOB),
    ("fileUploadCreate", "it makes a file that goes by itself, and changes no business data"),
    ("importCreate", A_JOB),
    ("invitationAccept", OF_ACCOUNTS),
    ("jobRetry", A_JOB),
    ("login", OF_ACCOUNTS),
    ("logout", OF_ACCOUNTS),
    ("memberMfaReset", OF_ACCOUNTS),
    ("mfaVerify", OF_ACCOUNTS),
    ("passwordChange", OF_ACCOUNTS),
    ("passwordReset", OF_ACCOUNTS),
    ("passwordResetRequest", OF_ACCOUNTS),
    ("productDescriptionPropose", "productDescriptionPrompt shows what would be sent; it changes no business data"),
    ("productLabelSheetCreate", "it makes a file that goes by itself, and changes no business data"),
    ("profileUpdate", OF_ACCOUNTS),
    ("reauthenticate", OF_ACCOUNTS),
    ("register", OF_ACCOUNTS),
    ("sandboxCreate", "it makes a tenant beside the caller's, and changes no business data"),
    ("sessionRefresh", OF_ACCOUNTS),
    ("sessionRename", OF_ACCOUNTS),
    ("sessionRevoke", OF_ACCOUNTS),
    ("sessionRevokeOthers", OF_ACCOUNTS),
    ("tenantLeave", OF_ACCOUNTS),
    ("tenantSwitch", OF_ACCOUNTS),
    ("totpConfirm", OF_ACCOUNTS),
    ("totpEnrol", OF_ACCOUNTS),
    ("totpRemove", OF_ACCOUNTS),
    ("webhookEndpointReplay", "it sends messages, and changes no business data"),
    ("webhookEndpointTest", "it sends a message, and changes no business data"),
];

/// Mutations with a dry run that refuses and warns as the call would, and shows less of the result.
pub const SHOWS_LESS: &[Exception] = &[
    ("fulfilmentWorkReady", "a dry run makes no code that nobody could collect with"),
    ("memberInvite", "the member is null: nobody is placed"),
];

/// Mutations with a repeated call that shows less: its object is gone.
pub const REMOVES: &[Exception] = &[
    ("alertRuleDelete", "the rule is gone"),
    ("exportScheduleDelete", "the schedule is gone"),
    ("factorSeriesRemove", "the series is gone"),
    ("replenishmentPolicyRemove", "the policy is gone"),
    ("attachmentRemove", "the attachment is gone"),
    ("productDocumentRemove", "the document is gone"),
    ("productImageRemove", "the picture is gone"),
    ("roleDelete", "the role is gone"),
    ("savedViewDelete", "the view is gone"),
    ("webhookEndpointDelete", "the endpoint is gone"),
];

pub fn is_on(list: &[Exception], mutation: &str) -> bool {
    list.iter().any(|(name, _)| *name == mutation)
}
