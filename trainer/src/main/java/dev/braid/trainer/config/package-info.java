/** The experiment: every section of the YAML file as a record, the rules between sections, and how a file becomes one. */
package dev.braid.trainer.config;
