/** Copies text, and confirms it on the button that was pressed. */

/** Milliseconds for which a button says that the text was copied */
const saidMs = 1500;

/** Copies a text to the clipboard. @returns whether this succeeded */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // a page opened from disk may not be allowed to use the clipboard; the older command `copy` needs selected text
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

/** Makes a button copy a text. */
export function copies(button: HTMLButtonElement, text: () => string): void {
  const name = button.textContent ?? '';
  button.addEventListener('click', async () => {
    button.textContent = (await copy(text())) ? 'Copied' : 'Not allowed';
    setTimeout(() => {
      button.textContent = name;
    }, saidMs);
  });
}
