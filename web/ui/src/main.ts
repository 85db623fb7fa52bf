import { mount } from "svelte";
import App from "./App.svelte";
import { preferences } from "./lib/preferences.svelte";
import "./styles/base.css";

preferences.apply();
const target = document.getElementById("app");
if (target) mount(App, { target });
