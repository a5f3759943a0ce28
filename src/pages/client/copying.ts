/** Copies text, and says so on the button that asked for it. */

/** Milliseconds for which a button says what it has done */
const saidMs = 1500;

/** Copies a text to the clipboard. @returns whether that worked */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // a page from disk may not be allowed to; the old way needs a selection
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    area.style.opacity = '0';
    document.body.append(area);
    area.select();
    const worked = document.execCommand('copy');
    area.remove();
    return worked;
  }
}

/** Lets a button copy a text. */
export function copies(button: HTMLButtonElement, text: () => string): void {
  const name = button.textContent ?? '';
  button.addEventListener('click', async () => {
    button.textContent = (await copy(text())) ? 'Copied' : 'Not allowed';
    setTimeout(() => {
      button.textContent = name;
    }, saidMs);
  });
}
