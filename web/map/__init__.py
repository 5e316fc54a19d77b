"""The command map: Folium builds its skeleton once, own JavaScript fills it by URL."""
