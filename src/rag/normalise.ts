/** The form of a question in which equal questions are equal: NFC, trimmed, white space collapsed to single spaces. */
export function normaliseQuestion(question: string): string {
  return question.normalize('NFC').replace(/\s+/g, ' ').trim();
}
