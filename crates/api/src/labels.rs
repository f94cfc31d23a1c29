//! GraphQL of labels.

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use entity::prelude::{FileId, ProductId};
use iam::access::{Permit, kind};
use inventory::catalog::{Catalog, core::product::ProductDoc, rows};
use macros::resolvers;
use platform::path;
use services::{
    files::{Files, events::FILE_UPLOADED},
    labels::core::{Label, SheetLayout, Symbology, sheet, svg},
};

use crate::{
    catalog::{Product, ProductRef},
    files::{File, filter_accessible_file, refuse},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        once::{EarlierCall, ReplayablePayload},
        reading::InputErrors,
        refusal::{ErrorCode, UserError},
        scalars::Long,
    },
    named,
    orders::links::argument,
    references::{Names, resolve_argument_references},
};

/// Symbology of the machine-readable code on a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "Symbology")]
pub enum LabelSymbology {
    /// Code 128: the SKU, in letters and digits of ASCII.
    #[graphql(name = "CODE_128")]
    Code128,
    /// EAN-13: the product's first barcode of thirteen digits, or of twelve.
    #[graphql(name = "EAN_13")]
    Ean13,
    /// QR: the SKU, whatever its letters.
    Qr,
}

/// A label of a product.
#[derive(SimpleObject)]
pub struct ProductLabel {
    /// The product.
    pub product: Product,
    /// Content of the code; null where there is none.
    pub code: Option<String>,
    /// The label as an SVG drawing of its own, without programs or links; null where the code cannot be drawn.
    pub svg: Option<String>,
    /// Reason for which the code cannot be drawn; null when it was drawn.
    pub problem: Option<String>,
}

/// Labels on sheets of A4.
#[derive(Debug, Clone, InputObject)]
pub struct ProductLabelSheetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Deprecated form of `products`: their IDs.
    #[graphql(default, deprecation = "2026-11-26: use products. Removed after 2027-11-26.")]
    pub product_ids: Vec<ID>,
    /// The products, at most 250. Required, unless the deprecated `productIds` is given.
    pub products: Option<Vec<ProductRef>>,
    /// Symbology of the code. Default CODE_128.
    #[graphql(default_with = "LabelSymbology::Code128")]
    pub symbology: LabelSymbology,
    /// Number of labels for each product, at most 100, and at most 2,000 labels in all. Default 1.
    #[graphql(default = 1)]
    pub copies: i32,
    /// Labels side by side, at most 10. Default 3.
    #[graphql(default = 3)]
    pub columns: i32,
    /// Labels one below the other, at most 30. Default 8.
    #[graphql(default = 8)]
    pub rows: i32,
}

impl ProductLabelSheetInput {
    fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).or_empty(("products", self.products.take()), ("productIds", &mut self.product_ids))
    }
}

/// Result of a request for a sheet of labels.
#[derive(SimpleObject, Default)]
pub struct ProductLabelSheetPayload {
    /// The sheets as a PDF, kept for seven days; null when the request was refused.
    pub file: Option<File>,
    /// Reasons for which the request was refused; empty when it was accepted.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for ProductLabelSheetPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl ReplayablePayload for ProductLabelSheetPayload {
    /// Omits a sheet that has expired after its seven days.
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let permit = ctx.permit::<kind::ProductRead>()?;
        let stored_file = match earlier.id::<FileId>() {
            Some(id) => filter_accessible_file(ctx, ctx.required_data::<Files>()?.find(&permit, id).await?).await?,
            None => None,
        };
        Ok(Self { file: stored_file.map(File::from), replayed: true, seq: earlier.seq().map(Long), ..Self::default() })
    }
}

/// Products of one call.
const MAX_PRODUCTS: usize = 250;
const MAX_LABELS: usize = 2_000;

/// Returns the code that a product's label encodes.
fn label_code(doc: &ProductDoc, symbology: Symbology) -> Option<&str> {
    let is_ean = |code: &&str| matches!(code.len(), 12 | 13) && code.bytes().all(|byte| byte.is_ascii_digit());
    match symbology {
        Symbology::Ean13 => doc.barcodes.iter().map(|barcode| barcode.code.as_str()).find(is_ean),
        Symbology::Code128 | Symbology::Qr => Some(&doc.row.sku),
    }
}

fn draw_label(doc: &ProductDoc, symbology: Symbology) -> Result<Label, String> {
    let code = label_code(doc, symbology).ok_or("it has no barcode of thirteen digits")?;
    Label::of(symbology, code, &doc.row.name).map_err(|error| error.to_string())
}

/// Returns the requested products' IDs, from references or from IDs. A reference that names no
/// product yields an ID that no product has.
async fn resolve_product_ids(
    ctx: &Context<'_>,
    products: Option<Vec<ProductRef>>,
    mut ids: Option<Vec<ID>>,
) -> Answer<Vec<ProductId>> {
    let (field, count) = match (&products, &ids) {
        (Some(products), _) => ("products", products.len()),
        (None, Some(ids)) => ("productIds", ids.len()),
        (None, None) => return Err(TopError::bad_input("products or productIds is needed", path!["products"])),
    };
    if count > MAX_PRODUCTS {
        return Err(TopError::bad_input(format!("at most {MAX_PRODUCTS} products"), path![field]));
    }
    let names = Names::of(Vec::new()).list(("products", products), ("productIds", &mut ids));
    let reference_paths = resolve_argument_references(ctx, names).await?;
    let parse_id =
        |(index, id): (usize, &ID)| -> Answer<ProductId> { argument(id, || reference_paths.at(path!["productIds", index])) };
    ids.iter().flatten().enumerate().map(parse_id).collect()
}

/// Returns the existing products, in the order of their IDs in the call.
async fn load_docs(ctx: &Context<'_>, permit: &Permit<kind::ProductRead>, ids: &[ProductId]) -> Answer<Vec<ProductDoc>> {
    let scope = permit.scope(&ctx.required_data::<Catalog>()?.db);
    let mut product_docs = rows::product::docs(&scope, ids.to_vec()).await?;
    product_docs.sort_by_key(|doc| ids.iter().position(|id| *id == doc.row.id));
    Ok(product_docs)
}

#[derive(Default)]
pub struct LabelQuery;

#[resolvers]
impl LabelQuery {
    /// Labels of products as drawings, in the order of `products`; products that do not exist are left out.
    #[field(permit = ProductRead, list_size(arguments("productIds", "products")))]
    async fn product_labels(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Deprecated form of `products`: their IDs.",
            deprecation = "2026-11-27: use products. Removed after 2027-11-27."
        )]
        product_ids: Option<Vec<ID>>,
        #[graphql(desc = "The products, at most 250. Required, unless the deprecated `productIds` is given.")] products: Option<
            Vec<ProductRef>,
        >,
        #[graphql(desc = "Symbology of the code. Default CODE_128.", default_with = "LabelSymbology::Code128")]
        symbology: LabelSymbology,
    ) -> Answer<Vec<ProductLabel>> {
        let ids = resolve_product_ids(ctx, products, product_ids).await?;
        let docs = load_docs(ctx, &permit, &ids).await?;
        let label = |doc: ProductDoc| {
            let (drawing, problem) = match draw_label(&doc, symbology.into()) {
                Ok(label) => (Some(svg(&label)), None),
                Err(reason) => (None, Some(reason)),
            };
            let code = label_code(&doc, symbology.into()).map(str::to_owned);
            ProductLabel { product: Product::from(doc.row), code, svg: drawing, problem }
        };
        Ok(docs.into_iter().map(label).collect())
    }
}

#[derive(Default)]
pub struct LabelMutation;

#[resolvers]
impl LabelMutation {
    /// Generates a PDF of labels to print and cut. A product whose code cannot be drawn refuses the
    /// whole sheet.
    #[mutation(permit = ProductRead, cost = "100", once, emits(FILE_UPLOADED))]
    async fn product_label_sheet_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Products and layout of the label sheet.")] input: ProductLabelSheetInput,
    ) -> Answer<ProductLabelSheetPayload> {
        named!(ctx, input, ProductLabelSheetPayload, {
            let (ids, layout, copies) = match read(&input) {
                Ok(parts) => parts,
                Err(errors) => return Ok(errors.into()),
            };
            let docs = load_docs(ctx, &permit, &ids).await?;
            if let Some(index) = ids.iter().position(|id| docs.iter().all(|doc| doc.row.id != *id)) {
                return Ok(vec![UserError::not_found("product", path!["input", "productIds", index])].into());
            }
            let mut labels = Vec::new();
            for (index, doc) in docs.iter().enumerate() {
                match draw_label(doc, input.symbology.into()) {
                    Ok(label) => labels.extend(std::iter::repeat_n(label, copies)),
                    Err(reason) => {
                        return Ok(vec![UserError::new(ErrorCode::Invalid, reason, path!["input", "productIds", index])].into());
                    }
                }
            }
            let bytes = sheet(&labels, layout);
            Ok(match ctx.required_data::<Files>()?.make(&permit, ("labels.pdf".to_owned(), "application/pdf"), bytes).await {
                Ok(file) => ProductLabelSheetPayload { file: Some(file.into()), ..ProductLabelSheetPayload::default() },
                Err(error) => vec![refuse(error, path!["input"])?].into(),
            })
        })
    }
}

/// Validates the input; returns the products, the layout and the copies, or the errors.
fn read(input: &ProductLabelSheetInput) -> Result<(Vec<ProductId>, SheetLayout, usize), Vec<UserError>> {
    let mut reader = InputErrors::default();
    let ids: Vec<ProductId> = reader.ids(Some(input.product_ids.clone()), "productIds");
    let mut within = |number: i32, max_value: i32, name: &str| {
        if !(1..=max_value).contains(&number) {
            reader.invalid(&format!("1 to {max_value} are taken"), || path!["input", name]);
        }
        usize::try_from(number).unwrap_or(1).max(1)
    };
    let copies = within(input.copies, 100, "copies");
    let layout = SheetLayout { columns: within(input.columns, 10, "columns"), rows: within(input.rows, 30, "rows") };
    let count = ids.len();
    if count == 0 || count > MAX_PRODUCTS || count * copies > MAX_LABELS {
        reader.invalid("1 to 250 products are taken, and at most 2,000 labels", || path!["input", "productIds"]);
    }
    reader.end((ids, layout, copies))
}
