/** From a source in the config to clean documents: listing, reading of the file formats, cleaning, limits. */
package dev.braid.data.source;
