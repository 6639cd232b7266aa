/** Tries an assertion until it holds: 200 times, every 10 ms, for what no simulated clock reaches (threads, sockets). */
export async function eventually<T>(assertion: () => T | Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await assertion();
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
