//! Input that calls need although the schema makes it optional.

/// Input fields, and arguments of root fields, that a call needs in practice although they are
/// optional in the schema.
pub const ALSO: &[(&str, &str)] = &[
    ("OrderUpdateInput", "noteForStaff"),
    ("SalesReportFilter", "from"),
    ("SalesReportFilter", "to"),
    ("StockReportFilter", "from"),
    ("StockReportFilter", "to"),
    // A condition that no order here meets.
    ("HoldRuleUpsertInput", "countries"),
    ("PurchaseOrderAmendInput", "note"),
    ("OrderLineCancel", "quantity"),
    ("OrderLineInput", "product"),
    ("OrderLineInput", "quantity"),
    ("StocktakeLineInput", "counted"),
    ("CustomerMergeInput", "intoId"),
    ("SupplierMergeInput", "intoId"),
    ("PurchaseOrderLineInput", "quantity"),
    ("BlanketOrderLineInput", "quantity"),
    ("ReturnInspectLineInput", "quantity"),
    ("ReserveItem", "quantity"),
    ("ReturnLineInput", "quantity"),
    ("StockChangeInput", "delta"),
    ("TransferLineInput", "quantity"),
    ("TransferShipmentLineInput", "quantity"),
    ("ReturnReceiveLineInput", "quantity"),
    ("ReturnLineInput", "product"),
    ("SupplierReturnLineInput", "product"),
    ("SupplierReturnLineInput", "quantity"),
    ("ReorderPolicyInput", "maximum"),
    ("ReorderLineInput", "supplier"),
    ("CustomerCreateInput", "name"),
    ("KitComponentInput", "productId"),
    ("InvoiceIssueInput", "orderId"),
    ("CreditNoteIssueInput", "invoiceId"),
    ("DocumentReverseInput", "documentId"),
    ("MemberRolesSetInput", "memberId"),
    ("RoleGrantInput", "roleId"),
    ("PaperCreateInput", "documentId"),
    ("papers", "document"),
    ("productLabels", "products"),
    ("productDescriptionPrompt", "product"),
    ("purchaseOrderHtml", "by"),
    ("purchaseOrderPage", "by"),
    ("ProductDocumentAddInput", "productId"),
    ("ProductImageAddInput", "productId"),
    ("ProductImageReorderInput", "productId"),
    ("ProductDescriptionProposeInput", "productId"),
    ("ProductLabelSheetInput", "productIds"),
    ("ProductTextAcceptInput", "categories"),
    ("AcceptedCategoryInput", "productId"),
    ("AcceptedCategoryInput", "categoryId"),
    ("ProductSuggestionRefuseInput", "productId"),
    ("ProductSuggestionRefuseInput", "categoryId"),
    ("StocktakeCreateInput", "categoryId"),
    ("PurchaseOrderLineReceiptInput", "lineId"),
    ("ExchangeRatesImportInput", "ecbCsv"),
    ("PurchaseOrderLineReceiptInput", "quantity"),
    ("ImportCreateInput", "entity"),
    ("ExportCreateInput", "entity"),
    ("ApiKeyCreateInput", "permissions"),
    ("FactorSeriesSetInput", "values"),
    ("SavedViewLinkCreateInput", "savedViewId"),
    ("SavedViewScheduleSetInput", "savedViewId"),
    ("SavedViewScheduleSetInput", "memberIds"),
    ("WebhookEndpointReplayInput", "fromSeq"),
    ("WebhookEndpointReplayInput", "toSeq"),
    ("StockMoveItem", "quantity"),
    ("WorkLineQuantity", "quantity"),
    ("WrongItemInput", "quantity"),
];

/// Mutations whose caller needs more permissions than their own: all that the granted roles give,
/// those of the imported or exported rows, or those that a rule uses when it acts by itself.
pub const FOR_MORE: [&str; 6] =
    ["memberRolesSet", "memberInvite", "importCreate", "exportCreate", "exportScheduleSet", "replenishmentRuleSet"];

/// Mutations of notes, attachments and tags of an object: they need the permissions to read and to
/// change a product or a supplier.
pub const ON_OBJECTS: [&str; 5] = ["noteAdd", "noteUpdate", "attachmentAdd", "attachmentRemove", "nodeTagsSet"];

/// Mutations that delete for good: they are called last.
pub const LAST: [&str; 6] = [
    "savedViewDelete",
    "exportScheduleDelete",
    "webhookEndpointDelete",
    "productImageRemove",
    "productDocumentRemove",
    "attachmentRemove",
];

/// Code of the hold rule and of the factor series that each company has.
pub const KEPT_RULE: &str = "kept-rule";
