// Shows the description that lies beside this page. Nothing is asked of any other site.
SwaggerUIBundle({
  dom_id: "#docs",
  url: "openapi.json",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
