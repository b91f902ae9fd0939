// SPDX-License-Identifier: Apache-2.0
/** The text of Tetragon's .proto files, from plain data about its wire format. */

export interface WireField {
  name: string;
  number: number;
  /** scalar name, full name of a message or enum, or `map<K,V>` */
  type: string;
  label: 'singular' | 'optional' | 'repeated' | 'map';
  oneof?: string;
  json?: string;
  deprecated?: boolean;
}
export interface Wire {
  package: string;
  files: { name: string; syntax: string; imports: string[] }[];
  messages: { name: string; file: string; fields: WireField[]; reserved_ranges?: [number, number][] }[];
  enums: { name: string; file: string; values: { name: string; number: number; deprecated?: boolean }[] }[];
  services: { name: string; file: string; methods: WireMethod[] }[];
}
type Message = Wire['messages'][number];

interface WireMethod {
  name: string;
  input: string;
  output: string;
  streaming: 'none' | 'server' | 'client' | 'bidi';
  deprecated?: boolean;
}

/** Fields that Merlon adds to Tetragon's messages; their numbers start at 50000, far above Tetragon's own. */
const ADDITIONS: { message: string; import: string; fields: WireField[] }[] = [
  {
    message: 'GetEventsResponse',
    import: 'merlon/event.proto',
    fields: [
      { name: 'merlon', number: 50000, type: 'merlon.EventInfo', label: 'singular' },
      { name: 'merlon_gap', number: 50001, type: 'merlon.Gap', label: 'singular', oneof: 'event' },
    ],
  },
];

/** Path below proto/ and text of every file. */
export function protoFiles(wire: Wire): Map<string, string> {
  return new Map(wire.files.map((file) => [file.name, fileText(wire, file)]));
}

function fileText(wire: Wire, file: Wire['files'][number]): string {
  const messages = wire.messages.filter((message) => message.file === file.name).map(withAdditions);
  const added = ADDITIONS.filter(({ message }) => messages.some(({ name }) => name === message));
  const imports = [...file.imports, ...added.map((addition) => addition.import)].sort();
  const blocks = [
    `// SPDX-License-Identifier: Apache-2.0\n// Tetragon's wire format; written by scripts/gen-proto.ts, do not edit.\nsyntax = "${file.syntax}";`,
    `package ${wire.package};`,
    imports.map((path) => `import "${path}";`).join('\n'),
    ...wire.enums.filter((item) => item.file === file.name).map(enumText),
    ...messages.filter(({ name }) => !name.includes('.')).map((message) => messageText(message, messages)),
    ...wire.services.filter((service) => service.file === file.name).map(serviceText),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function withAdditions(message: Message): Message {
  const added = ADDITIONS.filter((addition) => addition.message === message.name).flatMap(
    ({ fields }) => fields,
  );
  return { ...message, fields: [...message.fields, ...added] };
}

function enumText({ name, values }: Wire['enums'][number]): string {
  const numbers = new Set(values.map((value) => value.number));
  const lines = values.map((value) => `  ${value.name} = ${value.number}${options(value)};`);
  if (numbers.size < values.length) lines.unshift('  option allow_alias = true;');
  return `enum ${name} {\n${lines.join('\n')}\n}`;
}

/** `all` holds also the messages that are declared inside this one: their names begin with its name and a dot. */
function messageText({ name, fields, reserved_ranges: reserved }: Message, all: Message[]): string {
  const lines = all
    .filter((other) => other.name.slice(0, other.name.lastIndexOf('.')) === name)
    .flatMap((nested) => messageText(nested, all).split('\n'));
  lines.push(...(reserved ?? []).map(([first, last]) => `reserved ${first} to ${last};`));
  const oneofs = new Set<string>();
  for (const field of fields) {
    if (field.oneof === undefined) {
      lines.push(fieldText(field));
    } else if (!oneofs.has(field.oneof)) {
      oneofs.add(field.oneof);
      const members = fields.filter(({ oneof }) => oneof === field.oneof);
      lines.push(`oneof ${field.oneof} {`, ...members.map((member) => `  ${fieldText(member)}`), '}');
    }
  }
  const ownName = name.slice(name.lastIndexOf('.') + 1);
  if (lines.length === 0) return `message ${ownName} {}`;
  return `message ${ownName} {\n${lines.map((line) => `  ${line}`).join('\n')}\n}`;
}

function fieldText(field: WireField): string {
  const label = field.label === 'optional' || field.label === 'repeated' ? `${field.label} ` : '';
  const type = field.type.replace(',', ', ');
  return `${label}${type} ${field.name} = ${field.number}${options(field)};`;
}

function options(item: { name: string; json?: string; deprecated?: boolean }): string {
  const list: string[] = [];
  if (item.json !== undefined && item.json !== lowerCamel(item.name)) list.push(`json_name = "${item.json}"`);
  if (item.deprecated === true) list.push('deprecated = true');
  return list.length === 0 ? '' : ` [${list.join(', ')}]`;
}

/** protoc's own rule for JSON names: a letter after underscores becomes upper case, nothing else changes. */
function lowerCamel(name: string): string {
  return name.replace(/_+([a-zA-Z0-9]?)/g, (_, next: string) => next.toUpperCase());
}

function serviceText({ name, methods }: Wire['services'][number]): string {
  return `service ${name} {\n${methods.map(methodText).join('\n')}\n}`;
}

function methodText({ name, input, output, streaming, deprecated }: WireMethod): string {
  const stream = (type: string, streams: boolean) => (streams ? `stream ${type}` : type);
  const request = stream(input, streaming === 'client' || streaming === 'bidi');
  const response = stream(output, streaming === 'server' || streaming === 'bidi');
  const body = deprecated === true ? ' {\n    option deprecated = true;\n  }' : ';';
  return `  rpc ${name}(${request}) returns (${response})${body}`;
}
