// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, JsonObject, JsonValue, MessageShape } from '@bufbuild/protobuf';
import { fromJson, toJson } from '@bufbuild/protobuf';

/**
 * The export form of a message: protobuf's JSON with the field names of the .proto files, as Tetragon writes it to its
 * export file.
 */
export function toExportForm<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
): JsonObject {
  return toJson(schema, message, { useProtoFieldName: true }) as JsonObject;
}

/** Throws when a field is unknown or holds a value that its type cannot have. */
export function fromExportForm<Schema extends DescMessage>(
  schema: Schema,
  json: JsonValue,
): MessageShape<Schema> {
  return fromJson(schema, json);
}
