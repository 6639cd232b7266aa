/** `{ [name]: value }` for a setting that was given, `{}` for an empty one. */
export function given<Name extends string>(name: Name, value: string): { readonly [Key in Name]?: string } {
  return value === '' ? {} : ({ [name]: value } as { readonly [Key in Name]?: string });
}
