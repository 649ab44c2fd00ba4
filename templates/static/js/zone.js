// Chooses the visitor's own zone in a list of cities, where nothing has been chosen. Without this file the list stays at UTC.
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const list of document.querySelectorAll('select[name="zone"]')) {
  if (!own || list.value !== "UTC" || list.closest("form").dataset.zoneChosen) continue;
  const same = [...list.options].find((option) => option.value === own);
  if (same) same.selected = true;
  else list.add(new Option(own.split("/").pop().replaceAll("_", " "), own, true, true));
}
