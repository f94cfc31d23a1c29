//! Root fields that take a document one step on.

/// Converts the packs of an input's lines into units, or returns the errors of the lines.
#[macro_export]
macro_rules! convert_packs {
    ($ctx:ident, $input:ident) => {
        let mut $input = $input;
        let wrong = $crate::packs::convert_packs($ctx, $input.pack_lines()).await?;
        if !wrong.is_empty() {
            return Ok(wrong.into());
        }
    };
}

/// `step!(Payload, ctx, kind::Right, input, shell::step)`, followed by a `Mode` if the field has
/// `validateOnly`: reads the input, takes the step with the permit for that right, and returns the
/// resulting document, or all errors of the input.
#[macro_export]
macro_rules! step {
    // Input that may name master data by references, with lines of a document and lines of products
    // that may count packs.
    (named packs lines $of:ident $payload:ident, $ctx:ident, $permit:ident, $input:ident, $step:path $(, $mode:expr)?) => {
        $crate::named!(
            $ctx,
            $input,
            $payload,
            $crate::step!(packs lines $of $payload, $ctx, $permit, $input, $step $(, $mode)?)
        )
    };
    // Input that may name master data by references, with lines that may count packs.
    (named packs $payload:ident, $ctx:ident, $permit:ident, $input:ident, $step:path $(, $mode:expr)?) => {
        $crate::named!($ctx, $input, $payload, $crate::step!(packs $payload, $ctx, $permit, $input, $step $(, $mode)?))
    };
    // Input that may name master data by references, with lines of a document.
    (named lines $of:ident $payload:ident, $ctx:ident, $permit:ident, $input:ident, $step:path $(, $mode:expr)?) => {
        $crate::named!($ctx, $input, $payload, $crate::step!(lines $of $payload, $ctx, $permit, $input, $step $(, $mode)?))
    };
    // Input that may name master data by references.
    (named $payload:ident, $ctx:ident, $permit:ident, $input:ident, $step:path $(, $mode:expr)?) => {
        $crate::named!($ctx, $input, $payload, $crate::step!($payload, $ctx, $permit, $input, $step $(, $mode)?))
    };
    // Input with lines that may count packs.
    (packs $payload:ident, $ctx:ident, $permit:ident, $input:ident, $step:path $(, $mode:expr)?) => {{
        $crate::convert_packs!($ctx, $input);
        $crate::step!($payload, $ctx, $permit, $input, $step $(, $mode)?)
    }};
    // Input with both: lines of a document, and lines of products.
    (packs lines $of:ident $payload:ident, $ctx:ident, $permit:ident, $input:ident, $step:path $(, $mode:expr)?) => {{
        $crate::convert_packs!($ctx, $input);
        $crate::step!(lines $of $payload, $ctx, $permit, $input, $step $(, $mode)?)
    }};
    // Input with lines of a document that are named by their IDs and may count packs.
    (lines $of:ident $payload:ident, $ctx:ident, $permit:ident, $input:ident, $step:path $(, $mode:expr)?) => {{
        let mut input = $input;
        let document = Option::<async_graphql::ID>::from(input.id.clone()).unwrap_or_default();
        let of = ($crate::packs::LineOwner::$of, &document);
        let wrong = $crate::packs::convert_coded_lines($ctx, &$permit, of, input.coded_lines()).await?;
        if !wrong.is_empty() {
            return Ok(wrong.into());
        }
        $crate::step!($payload, $ctx, $permit, input, $step $(, $mode)?)
    }};
    ($payload:ident, $ctx:ident, $permit:ident, $input:ident, $step:path $(, $mode:expr)?) => {{
        let ledger = $ctx.required_data::<inventory::ledger::Ledger>()?;
        let input = match $crate::graphql::reading::read(|reading| $input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let done = Box::pin($step(ledger, $permit.clone(), input $(, $mode)?)).await;
        $payload::of($ctx, &$permit.scope(ledger.database()), done).await
    }};
}
