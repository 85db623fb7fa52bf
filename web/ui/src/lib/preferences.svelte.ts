/** What this browser remembers of its user: language and theme. */
import { remember, remembered } from "./remembered";

export type Language = "vi" | "en";
export type Theme = "light" | "dark";

const systemDark = matchMedia("(prefers-color-scheme: dark)");

class Preferences {
  language = $state<Language>(remembered("language") === "en" ? "en" : "vi");
  #theme = $state<Theme | null>(asTheme(remembered("theme")));
  #systemDark = $state(systemDark.matches);

  constructor() {
    systemDark.addEventListener("change", (event) => {
      this.#systemDark = event.matches;
      this.apply();
    });
  }

  get theme(): Theme {
    return this.#theme ?? (this.#systemDark ? "dark" : "light");
  }

  toggleTheme(): void {
    this.#theme = this.theme === "dark" ? "light" : "dark";
    remember("theme", this.#theme);
    this.apply();
  }

  toggleLanguage(): void {
    this.language = this.language === "vi" ? "en" : "vi";
    remember("language", this.language);
    this.apply();
  }

  /** Writes both choices to the document's root, where styles and screen readers look for them. */
  apply(): void {
    document.documentElement.lang = this.language;
    document.documentElement.dataset["theme"] = this.theme;
  }
}

function asTheme(text: string | null): Theme | null {
  return text === "light" || text === "dark" ? text : null;
}

export const preferences = new Preferences();
