/** Tries an assertion until it holds, every 10 ms, for what no simulated clock reaches (threads, sockets, processes). */
export async function eventually<T>(assertion: () => T | Promise<T>, attempts = 200): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await assertion();
    } catch (error) {
      if (attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
