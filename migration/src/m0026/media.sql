ALTER TABLE file ADD COLUMN width {INT} CHECK (width > 0)
;;
ALTER TABLE file ADD COLUMN height {INT} CHECK (height > 0)
;;
ALTER TABLE file ADD COLUMN thumbnails {TEXT} CHECK (thumbnails IN ('MADE', 'NONE'))
;;
CREATE TABLE product_image (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, product_id {UUID} NOT NULL, file_id {UUID} NOT NULL, position {INT} NOT NULL CHECK (position > 0),
  alt {TEXT} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, file_id) REFERENCES file (tenant_id, id)) {IN_PLACE}
;;
CREATE UNIQUE INDEX product_image_file ON product_image (tenant_id, file_id)
;;
CREATE INDEX product_image_of ON product_image (tenant_id, product_id, position)
;;
CREATE TABLE product_document (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, product_id {UUID} NOT NULL, file_id {UUID} NOT NULL, title {TEXT} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, file_id) REFERENCES file (tenant_id, id))
;;
CREATE UNIQUE INDEX product_document_file ON product_document (tenant_id, file_id)
;;
CREATE INDEX product_document_of ON product_document (tenant_id, product_id, created_at, id)
