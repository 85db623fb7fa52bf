/** Short messages at the edge of the page, some with an undo. */
export interface Toast {
  id: number;
  text: string;
  kind: "done" | "problem";
  undo?: () => void;
}

const SHOWN_MS = 8000;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  /** Says so; returns the number to take it back with when it is not true any more. */
  done(text: string, undo?: () => void): number {
    return this.#add(
      undo ? { id: this.#next++, text, kind: "done", undo } : { id: this.#next++, text, kind: "done" },
    );
  }

  problem(text: string): void {
    this.#add({ id: this.#next++, text, kind: "problem" });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(toast: Toast): number {
    this.list = [...this.list.slice(-2), toast];
    setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
    return toast.id;
  }
}

export const toasts = new Toasts();
